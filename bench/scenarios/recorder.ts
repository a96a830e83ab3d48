import { alternate, atLeast, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

const WARM_MS = 8_000;

/** The rate with the flight recorder on, which is the default, as a fraction of the rate without it. */
export const recorder: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const on = await bench.galley('trivial', { replicas: 1 });
    const off = await bench.galley('trivial', { replicas: 1 }, { recorder: { enabled: false } });
    const request = binaryRequest('trivial', [1, 784]);
    for (const contender of [on, off]) await closedLoop(contender, request, 64, WARM_MS);
    const rate = (contender: typeof on) => async () =>
      (await closedLoop(contender, request, 64, 3_000)).ratePerSecond;
    const { ratios, ours, limit } = await alternate(rate(on), rate(off), say);
    return atLeast(0.97, ratios, { onPerSecond: ours, offPerSecond: limit });
  } finally {
    await bench.close();
  }
};
