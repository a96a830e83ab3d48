import { alternate, atLeast, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, Workbench } from '../workbench.ts';

const WARM_MS = 3_000;
const BLOCK_MS = 3_000;

/** The goodput of a saturated model with every request copied to a shadow, as a fraction of that without a shadow. */
export const shadow: Scenario = async (say) => {
  const bench = new Workbench(['slow']);
  try {
    const path = bench.modelFolder('slow');
    const galley = await bench.galley(
      'slow',
      { replicas: 1, batching: { maxBatchSize: 1 } },
      {
        models: { candidate: { path, replicas: 1, batching: { maxBatchSize: 1 } } },
        routes: {
          shadowed: { otherwise: 'slow', shadow: { to: 'candidate' } },
          alone: { otherwise: 'slow' },
        },
      },
    );
    const rate = (route: string) => async () =>
      (await closedLoop(galley, binaryRequest(route, [1, 64]), 16, BLOCK_MS)).ratePerSecond;
    await closedLoop(galley, binaryRequest('shadowed', [1, 64]), 16, WARM_MS);
    const { ratios, ours, limit } = await alternate(rate('shadowed'), rate('alone'), say);
    return atLeast(0.95, ratios, { shadowedPerSecond: ours, alonePerSecond: limit });
  } finally {
    await bench.close();
  }
};
