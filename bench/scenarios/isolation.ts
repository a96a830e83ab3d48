import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JobRequest } from '../../src/load/load-job.ts';
import { TEST_MODELS } from '../../test/support/running-server.ts';
import { alternate, atMost, type Scenario } from '../scenario.ts';
import { type Contender, openLoop, Workbench } from '../workbench.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const BLOCK_MS = 5_000;
const DIGITS_PER_SECOND = 200;
const CRASHES_PER_SECOND = 20;
/** The order on which the model ends its own process. */
const CRASH = '{"inputs":[{"name":"order","shape":[1],"datatype":"INT32","data":[2]}]}';

function requestOf(model: string, body: Buffer): JobRequest {
  return {
    ...{ method: 'POST', path: `/v2/models/${model}/infer`, headers: { 'content-type': 'application/json' } },
    bodyBase64: body.toString('base64'),
  };
}

/** The slowest hundredth of a model's answers beside a model that crashes on every request, relative to those without. */
export const isolation: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const galley = await bench.galley(
      'trivial',
      { replicas: 1 },
      {
        models: {
          digits: { path: `${EXAMPLES}models/digits`, replicas: 1 },
          fragile: { path: `${TEST_MODELS}/fragile`, replicas: 1, warmup: { enabled: false } },
        },
      },
    );
    let lost = 0;
    const digits = requestOf('digits', readFileSync(`${EXAMPLES}digit.json`));
    const slowest = async (neighbour: (galley: Contender) => Promise<unknown>) => {
      const [report] = await Promise.all([
        openLoop(galley, digits, DIGITS_PER_SECOND, { durationMs: BLOCK_MS }),
        neighbour(galley),
      ]);
      lost += report.requests - report.succeeded;
      return report.latencyMs.p99;
    };
    const crash = async () =>
      openLoop(galley, requestOf('fragile', Buffer.from(CRASH)), CRASHES_PER_SECOND, {
        durationMs: BLOCK_MS,
      });
    await slowest(crash);
    const { ratios, ours, limit } = await alternate(
      async () => slowest(crash),
      async () => slowest(async () => {}),
      say,
    );
    return atMost(1.3, ratios, { besideP99Ms: ours, aloneP99Ms: limit, lost });
  } finally {
    await bench.close();
  }
};
