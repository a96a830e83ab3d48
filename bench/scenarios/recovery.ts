import { seededRandom } from '../../src/base/random.ts';
import { recoveredShare } from '../../test/support/load-shapes.ts';
import type { Scenario } from '../scenario.ts';
import { binaryRequest, closedLoop, openLoop, Workbench } from '../workbench.ts';

const VIRTUAL_SHAPES = 100;
const REAL_SHAPES = 10;
const OBJECTIVE_MS = 50;
const CLIENTS = 64;
const AFTERWARDS = 0.8;
const RECOVERED = 0.95;
const LOAD = { withinMs: OBJECTIVE_MS, timeoutMs: 5_000, maxConnections: 12_000, isFrugal: true };

/**
 * Share of requests that are answered in time from three seconds after an overload of random shape on: the least of a
 * hundred shapes in virtual time and ten with real processes.
 */
export const recovery: Scenario = async (say) => {
  const virtual = Array.from({ length: VIRTUAL_SHAPES }, (_, seed) => recoveredShare(seed));
  say(`virtual: least ${Math.min(...virtual).toFixed(3)} of ${VIRTUAL_SHAPES}`);
  const bench = new Workbench(['dense']);
  const real: number[] = [];
  try {
    const server = await bench.galley('dense', { objective: { latencyMs: OBJECTIVE_MS } });
    const request = binaryRequest('dense', [1, 784]);
    const { ratePerSecond: capacity } = await closedLoop(server, request, CLIENTS, 4_000);
    const random = seededRandom('recovery');
    for (let shape = 0; shape < REAL_SHAPES; shape++) {
      const load = 1 + 4 * random.unit();
      const durationMs = 500 + 2_500 * random.unit();
      await openLoop(server, request, load * capacity, { ...LOAD, durationMs, warmupMs: 0 });
      const after = await openLoop(server, request, AFTERWARDS * capacity, {
        ...{ ...LOAD, durationMs: 2_000, warmupMs: 3_000 },
      });
      real.push(after.inTime / after.requests);
      say(`${load.toFixed(1)} x for ${durationMs.toFixed(0)} ms: ${(real.at(-1) ?? 0).toFixed(3)}`);
    }
  } finally {
    await bench.close();
  }
  const ratio = Math.min(...virtual, ...real);
  return {
    ...{ ratio, aim: `>= ${RECOVERED} of the requests`, isMet: ratio >= RECOVERED, pairs: real },
    also: { leastVirtual: Math.min(...virtual), leastReal: Math.min(...real) },
  };
};
