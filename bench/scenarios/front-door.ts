import { alternate, atLeast, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

const WARM_MS = 8_000;

/** The rate of Galley with a trivial model as a fraction of the rate of a minimal server. */
export const frontDoor: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const galley = await bench.galley('trivial', { replicas: 1 });
    const request = binaryRequest('trivial', [1, 784]);
    const { firstAnswer } = await closedLoop(galley, request, 1, 200);
    const bare = await bench.nullServer({
      bytes: Buffer.from(firstAnswer?.bodyBase64 ?? '', 'base64').byteLength,
    });
    // Both are measured in steady state: the JIT compiler takes seconds to optimise the hot code.
    for (const contender of [galley, bare]) await closedLoop(contender, request, 64, WARM_MS);
    const rate = (contender: typeof galley) => async () =>
      (await closedLoop(contender, request, 64, 2_000)).ratePerSecond;
    const { ratios, ours, limit } = await alternate(rate(galley), rate(bare), say);
    return atLeast(0.8, ratios, { galleyPerSecond: ours, barePerSecond: limit });
  } finally {
    await bench.close();
  }
};
