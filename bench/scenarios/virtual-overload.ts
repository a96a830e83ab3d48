import { type PolicyRun, runPolicy } from '../../src/simulate/policies/policy-run.ts';
import { benchMachine, burning } from '../machine.ts';
import type { Scenario } from '../scenario.ts';

const OBJECTIVE_MS = 50;
const LOADS = [0.5, 0.8, 1, 1.2, 2, 4];
const RUN_MS = 6_000;
/** What 64 clients in a closed loop get of the net on a quiet machine, a ms. */
const CAPACITY = 10.5;
/** The weight-bound net of the bench `overload`, in ms. */
const usualMs = (rows: number) => 0.35 + 0.055 * rows;

const CONTENDERS = {
  ours: { objective: { latencyMs: OBJECTIVE_MS } },
  'fixed 32/10': { batching: { maxBatchSize: 32, maxWaitMs: 10 } },
  greedy: { batching: { maxBatchSize: 32, maxWaitMs: 0 } },
};
const CONDITIONS = { quiet: () => 0, busy: burning };

/** The cells of `overload` in virtual time, on a machine with the noise of the real one. */
export const virtualOverload: Scenario = async (say) => {
  const also: Record<string, string> = {};
  const shares: number[] = [];
  for (const [condition, others] of Object.entries(CONDITIONS)) {
    for (const load of LOADS) {
      const rate = load * CAPACITY;
      const cells = Object.entries(CONTENDERS).map(([name, settings]) => {
        const run: PolicyRun = {
          ...{ seed: `${condition}/${load}`, rate, requests: Math.round(rate * RUN_MS), replicas: 1 },
          ...{ withinMs: OBJECTIVE_MS, settings, serviceMs: ({ rows }) => usualMs(rows) },
          machine: benchMachine(rate, others),
        };
        const result = runPolicy(run);
        if (name === 'ours') shares.push(result.goodput / Math.min(rate, CAPACITY));
        const answered = result.inTime + result.answeredLate;
        return `${name} ${percent(answered / result.offered)} (${percent(result.inTimeShare)})`;
      });
      also[`${condition} ${load}`] = cells.join(', ');
      say(`${condition} ${load} x: ${cells.join(', ')}`);
    }
  }
  const ratio = Math.min(...shares);
  return { ratio, aim: 'told: the same cells as `overload`', isMet: true, pairs: shares, also };
};

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
