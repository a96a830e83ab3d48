import type { Random } from '../../base/random.ts';
import { addOutcome, NO_OUTCOMES } from '../../routing/statistics/outcomes.ts';
import { type ThompsonTerms, thompsonShares } from '../../routing/statistics/thompson.ts';

/** Requests whose outcome is 1 or 0, divided by Thompson sampling; 1 is the better outcome. */
export interface ThompsonRun {
  /** Probability of the outcome 1, by variant. */
  readonly rates: readonly number[];
  readonly requests: number;
  /** Shares are computed anew after so many requests. */
  readonly updateEvery: number;
  readonly terms: Omit<ThompsonTerms, 'goal'>;
}

/** What the division achieved. */
export interface ThompsonReport {
  /** Share of the requests that went to the variant with the highest rate. */
  readonly bestShare: number;
  /** Expected outcomes of 1 that were missed because requests went elsewhere. */
  readonly regret: number;
}

/** Divides requests by what is known of their outcomes so far. */
export function runThompson(
  { rates, requests, updateEvery, terms }: ThompsonRun,
  random: Random,
): ThompsonReport {
  const best = Math.max(...rates);
  const outcomes = rates.map(() => NO_OUTCOMES);
  let shares: readonly number[] = [];
  let [toBest, regret] = [0, 0];
  for (let sent = 0; sent < requests; sent++) {
    if (sent % updateEvery === 0) shares = thompsonShares(outcomes, { ...terms, goal: 'higher' }, random);
    const chosen = chosenBy(shares, random.unit());
    const rate = rates[chosen] as number;
    if (rate === best) toBest += 1;
    regret += best - rate;
    outcomes[chosen] = addOutcome(outcomes[chosen] ?? NO_OUTCOMES, random.unit() < rate ? 1 : 0);
  }
  return { bestShare: toBest / requests, regret };
}

/** The variant at this point of the shares, laid end to end. */
function chosenBy(shares: readonly number[], point: number): number {
  let end = 0;
  const index = shares.findIndex((share) => {
    end += share;
    return point < end;
  });
  // Rounding may leave the sum of the shares just below the point.
  return index === -1 ? shares.length - 1 : index;
}
