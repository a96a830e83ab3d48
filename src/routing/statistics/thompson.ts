import type { Random } from '../../base/random.ts';
import { type Goal, joinOutcomes, NO_OUTCOMES, type Outcomes } from './outcomes.ts';
import { standardNormal } from './standard-normal.ts';

/** How shares follow outcomes. */
export interface ThompsonTerms {
  readonly goal: Goal;
  /** How often the best variant is drawn; at least 1. The error of a share is below 1 / (2 √draws). */
  readonly draws: number;
  /** Smallest share of a variant. */
  readonly floor: number;
}

/** What is believed about the mean of a variant: a normal law. A better mean is larger. */
interface Belief {
  readonly mean: number;
  readonly deviation: number;
}

/** Below so many outcomes nothing is believed about the mean of a variant. */
const FEW = 20;

/**
 * The share of each variant, in their order: the estimated probability that it is the best (Thompson sampling), from draws of
 * each mean by its normal approximation. A variant with few outcomes has an equal share until it has more. Every variant
 * has the floor and its part of the rest, so the shares add up to 1; floors that do not fit become equal shares.
 */
export function thompsonShares(
  outcomes: readonly Outcomes[],
  { goal, draws, floor }: ThompsonTerms,
  random: Random,
): number[] {
  const equal = 1 / outcomes.length;
  const least = Math.min(floor, equal);
  const beliefs = beliefsOf(outcomes, goal);
  const left = beliefs.filter((belief) => belief !== undefined).length * equal;
  const wins = winsOf(beliefs, draws, random);
  return wins.map((won, index) => {
    const share = beliefs[index] === undefined ? equal : (left * won) / draws;
    return least + (1 - outcomes.length * least) * share;
  });
}

/** undefined for variants with few outcomes, and for all while every outcome is the same number. */
function beliefsOf(outcomes: readonly Outcomes[], goal: Goal): (Belief | undefined)[] {
  const joint = outcomes.reduce(joinOutcomes, NO_OUTCOMES);
  return outcomes.map(({ count, mean, squares }) => {
    if (count < FEW || joint.squares === 0) return undefined;
    // Where hits are rare, the variance of one variant looks too small by chance: see `testDifference`.
    const variance = Math.max(squares / count, joint.squares / joint.count);
    return { mean: goal === 'higher' ? mean : -mean, deviation: Math.sqrt(variance / count) };
  });
}

/** How often each has the largest of the drawn means. */
function winsOf(beliefs: readonly (Belief | undefined)[], draws: number, random: Random): number[] {
  const wins = beliefs.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    let [best, largest] = [-1, Number.NEGATIVE_INFINITY];
    for (const [index, belief] of beliefs.entries()) {
      if (belief === undefined) continue;
      const drawn = belief.mean + belief.deviation * standardNormal(random);
      if (drawn > largest) [best, largest] = [index, drawn];
    }
    if (best >= 0) (wins[best] as number) += 1;
  }
  return wins;
}
