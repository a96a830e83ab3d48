import { alternate, atLeast, median, type Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, mainThreadMs, Workbench } from '../workbench.ts';

const WARM_MS = 8_000;
const BLOCK_MS = 2_000;

/** Two rules that do not match, then a split of two arms: what a route in use costs, with its metrics and its decisions. */
const ROUTE = {
  when: [
    { match: { header: { 'content-language': 'de*' } }, use: 'trivial/1' },
    { match: { tenant: 'beta*', header: { 'x-beta': 'yes | true' } }, use: 'trivial' },
  ],
  otherwise: { split: { 'trivial/1': 80, trivial: 20 }, stickyBy: 'header:x-user-id' },
  fallback: ['trivial'],
};

/** The rate of a trivial model through a route as a fraction of its rate under its own name, in one server. */
export const routing: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const galley = await bench.galley('trivial', { replicas: 1 }, { routes: { through: ROUTE } });
    const requests = { route: binaryRequest('through', [1, 784]), model: binaryRequest('trivial', [1, 784]) };
    for (const request of Object.values(requests)) await closedLoop(galley, request, 64, WARM_MS);
    const costs = { route: [] as number[], model: [] as number[] };
    const rate = (name: 'route' | 'model') => async () => {
      const before = mainThreadMs(galley);
      const { ratePerSecond, requests: count } = await closedLoop(galley, requests[name], 64, BLOCK_MS, 0);
      costs[name].push(((mainThreadMs(galley) - before) / count) * 1_000);
      return ratePerSecond;
    };
    const measured = await alternate(rate('route'), rate('model'), say);
    const [routeThreadUs, modelThreadUs] = [median(costs.route), median(costs.model)];
    return atLeast(0.95, measured.ratios, {
      ...{ routePerSecond: measured.ours, modelPerSecond: measured.limit },
      ...{ routeThreadUs, modelThreadUs, threadRatio: routeThreadUs / modelThreadUs },
    });
  } finally {
    await bench.close();
  }
};
