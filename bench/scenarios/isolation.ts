import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JobRequest } from '../../src/load/load-job.ts';
import { alternate, atMost, median, type Scenario } from '../scenario.ts';
import { type Contender, moduleFolder, openLoop, Workbench } from '../workbench.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const BLOCK_MS = 5_000;
const DIGITS_PER_SECOND = 200;
const ORDERS_PER_SECOND = 20;
/** What the neighbour does at each request, and the number that tells it to. */
const NEIGHBOURS = { crashes: 1, waits: 2, leaks: 3 } as const;
/** Of the neighbour's requests: what waits behind it ends with its block. */
const TIMEOUT_MS = 2_500;
/** With 4 MiB at each of 20 requests a second, a leaking replica is replaced about every three seconds. */
const MEMORY = { softLimitBytes: 320 * 1024 * 1024, hardLimitBytes: 640 * 1024 * 1024 };

function requestOf(model: string, body: Buffer): JobRequest {
  return {
    ...{ method: 'POST', path: `/v2/models/${model}/infer`, headers: { 'content-type': 'application/json' } },
    bodyBase64: body.toString('base64'),
  };
}

function orderOf(order: number): JobRequest {
  const x = { name: 'x', shape: [1, 4], datatype: 'FP32', data: [order, 0, 0, 0] };
  return requestOf('neighbour', Buffer.from(JSON.stringify({ inputs: [x] })));
}

/**
 * The slowest hundredth of a model's answers beside a model that crashes, waits for seconds or leaks at every request,
 * relative to those without; the worst of the three counts. Inputs that end replicas are not refused, so that each does.
 */
export const isolation: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const neighbour = {
      ...{ path: moduleFolder('neighbour'), replicas: 1, timeoutMs: TIMEOUT_MS },
      ...{ warmup: { enabled: false }, health: { memory: MEMORY, isolation: { denyMs: 0 } } },
    };
    const digits = { path: `${EXAMPLES}models/digits`, replicas: 1 };
    const models = { digits, neighbour };
    const galley = await bench.galley('trivial', { replicas: 1 }, { models });
    const digit = requestOf('digits', readFileSync(`${EXAMPLES}digit.json`));
    let lost = 0;
    const slowest = async (beside: (galley: Contender) => Promise<unknown>) => {
      const load = openLoop(galley, digit, DIGITS_PER_SECOND, { durationMs: BLOCK_MS });
      const [report] = await Promise.all([load, beside(galley)]);
      lost += report.requests - report.succeeded;
      return report.latencyMs.p99;
    };
    const also: Record<string, number> = {};
    let worst: readonly number[] = [];
    for (const [kind, order] of Object.entries(NEIGHBOURS)) {
      const harm = async () => openLoop(galley, orderOf(order), ORDERS_PER_SECOND, { durationMs: BLOCK_MS });
      await slowest(harm);
      say(`a neighbour that ${kind}:`);
      const { ratios, ours, limit } = await alternate(
        async () => slowest(harm),
        async () => slowest(async () => {}),
        say,
      );
      also[`${kind}P99Ms`] = ours;
      also[`${kind}AloneP99Ms`] = limit;
      also[kind] = median(ratios);
      if (worst.length === 0 || median(ratios) > median(worst)) worst = ratios;
    }
    return atMost(1.3, worst, { ...also, lost });
  } finally {
    await bench.close();
  }
};
