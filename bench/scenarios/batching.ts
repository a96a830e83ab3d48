import { alternate, atLeast, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

/** The gain of batching on a model whose cost is its weights. Both sides run through the server. */
export const batching: Scenario = async (say) => {
  const bench = new Workbench(['dense']);
  try {
    const batched = await bench.galley('dense', { batching: { maxBatchSize: 32 } });
    const single = await bench.galley('dense', { batching: { maxBatchSize: 1 } });
    const request = binaryRequest('dense', [1, 784]);
    const rate = (contender: typeof single) => async () =>
      (await closedLoop(contender, request, 64, 3_000)).ratePerSecond;
    const { ratios, ours, limit } = await alternate(rate(batched), rate(single), say);
    return atLeast(6, ratios, { upTo32PerSecond: ours, onesPerSecond: limit });
  } finally {
    await bench.close();
  }
};
