import type { BenchModelName } from '../models.ts';
import { alternate, atMost, median, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

const SHAPE = [1, 784];
const WARM_MS = 5_000;

/** The latency of one caller beyond the sum of a minimal server and a plain run of the model. */
export const latency: Scenario = async (say) => {
  const bench = new Workbench(['millisecond', 'trivial']);
  try {
    const measure = async (model: BenchModelName) => {
      const galley = await bench.galley(model, { replicas: 1 });
      const request = binaryRequest(model, SHAPE);
      const { firstAnswer } = await closedLoop(galley, request, 1, 200);
      const bare = await bench.nullServer({
        bytes: Buffer.from(firstAnswer?.bodyBase64 ?? '', 'base64').byteLength,
      });
      for (const contender of [galley, bare]) await closedLoop(contender, request, 8, WARM_MS);
      const pairs = await alternate(
        async () => (await closedLoop(galley, request, 1, 1_500)).latencyMs.p50,
        async () => {
          const server = await closedLoop(bare, request, 1, 1_000);
          const run = await bench.ortLoop(model, SHAPE, 1_000);
          return server.latencyMs.p50 + run.p50Ms;
        },
        say,
      );
      await Promise.all([galley.stop(), bare.stop()]);
      return pairs;
    };
    const millisecond = await measure('millisecond');
    say('a trivial model');
    const trivial = await measure('trivial');
    return atMost(1.4, millisecond.ratios, {
      galleyP50Ms: millisecond.ours,
      bareAndRunP50Ms: millisecond.limit,
      trivialRatio: median(trivial.ratios),
      trivialGalleyP50Ms: trivial.ours,
    });
  } finally {
    await bench.close();
  }
};
