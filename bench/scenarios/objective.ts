import { findMaxRate } from '../../src/load/find-max-rate.ts';
import { atLeast, median, type Scenario } from '../scenario.ts';
import { binaryRequest, type Contender, openLoop, Workbench } from '../workbench.ts';

const OBJECTIVE_MS = 50;
const ROUNDS = 5;
const WINDOW_MS = 2_500;
/** Largest relative gap between the failing and the passing rate. */
const PRECISION = 0.06;
const FIRST_RATE = 800;
/** Start of the second search for a contender that passed at no rate. */
const LEAST_RATE = 8;

/** The same model with only an objective, and with usual fixed settings. */
const SETTINGS = {
  ours: { objective: { latencyMs: OBJECTIVE_MS } },
  'fixed 32/100': { batching: { maxBatchSize: 32, maxWaitMs: 100 } },
  'fixed 32/10': { batching: { maxBatchSize: 32, maxWaitMs: 10 } },
  'fixed 8/5': { batching: { maxBatchSize: 8, maxWaitMs: 5 } },
};

/**
 * The highest rate of Poisson arrivals at which 99 % of requests are answered within 50 ms, on a model whose cost is its
 * weights. The ratio is the rate with only an objective over the rate of the best fixed settings, in rounds.
 */
export const objective: Scenario = async (say) => {
  const bench = new Workbench(['dense']);
  try {
    const contenders = new Map<string, Contender>();
    for (const [name, settings] of Object.entries(SETTINGS)) {
      contenders.set(name, await bench.galley('dense', settings));
    }
    const request = binaryRequest('dense', [1, 784]);
    const rates = new Map<string, number[]>(Object.keys(SETTINGS).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      const names = [...contenders.keys()];
      // The order rotates, so that a temporary disturbance of the machine does not always hit the same contender.
      for (const name of round % 2 === 0 ? names : names.reverse()) {
        const found = rates.get(name) ?? [];
        const startRate = found.length === 0 ? FIRST_RATE : Math.max(LEAST_RATE, 0.9 * median(found));
        const search = { p99LimitMs: OBJECTIVE_MS, startRate, precision: PRECISION };
        const best = await findMaxRate(search, async (rate) =>
          openLoop(contenders.get(name) as Contender, request, rate, { durationMs: WINDOW_MS }),
        );
        found.push(best.ratePerSecond);
        say(`round ${round + 1}, ${name}: ${best.ratePerSecond.toFixed(0)}/s, limited by ${best.limitedBy}`);
      }
    }
    const of = (name: string) => rates.get(name) ?? [];
    const fixed = Object.keys(SETTINGS).slice(1);
    const ratios = of('ours').map(
      (rate, round) => rate / Math.max(...fixed.map((name) => of(name)[round] ?? 1)),
    );
    const medians = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, median(of(name))]));
    const bestFixed = Math.max(...fixed.map((name) => medians[name] ?? 0));
    const result = atLeast(0.95, ratios, {
      ...medians,
      overBestMedian: (medians.ours ?? 0) / bestFixed,
      over32And100: (medians.ours ?? 0) / Math.max(1, medians['fixed 32/100'] ?? 0),
    });
    return result;
  } finally {
    await bench.close();
  }
};
