import { alternate, atLeast, median, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

const SETTINGS = { threads: 1, batching: { maxBatchSize: 1 } };

/** The rate of a slow model behind the server over the rate of the same model in a plain loop. */
export const computeBound: Scenario = async (say) => {
  const bench = new Workbench(['slow', 'large-input']);
  try {
    const one = await bench.galley('slow', { ...SETTINGS, replicas: 1 });
    const request = binaryRequest('slow', [1, 64]);
    const { ratios, ours, limit } = await alternate(
      async () => (await closedLoop(one, request, 4, 3_000)).ratePerSecond,
      async () => (await bench.ortLoop('slow', [1, 64], 3_000)).ratePerSecond,
      say,
    );
    await one.stop();
    say('5 MB inputs');
    const large = await bench.galley('large-input', {
      ...SETTINGS,
      replicas: 1,
      warmup: { budgetMs: 1_000 },
    });
    const largeRequest = binaryRequest('large-input', [1, 1_310_720]);
    const largePairs = await alternate(
      async () => (await closedLoop(large, largeRequest, 4, 3_000)).ratePerSecond,
      async () => (await bench.ortLoop('large-input', [1, 1_310_720], 3_000)).ratePerSecond,
      say,
    );
    await large.stop();
    say('2 replicas against two parallel loops');
    const two = await bench.galley('slow', { ...SETTINGS, replicas: 2 });
    const twoPairs = await alternate(
      async () => (await closedLoop(two, request, 8, 3_000)).ratePerSecond,
      async () => {
        const loops = await Promise.all([1, 2].map(async () => bench.ortLoop('slow', [1, 64], 3_000)));
        return loops.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0);
      },
      say,
    );
    return atLeast(0.97, ratios, {
      galleyPerSecond: ours,
      loopPerSecond: limit,
      largeInputRatio: median(largePairs.ratios),
      twoReplicasRatio: median(twoPairs.ratios),
    });
  } finally {
    await bench.close();
  }
};
