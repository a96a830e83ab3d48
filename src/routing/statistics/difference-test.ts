import { log } from '../../base/elementary.ts';
import { type Goal, joinOutcomes, type Outcomes } from './outcomes.ts';

/** How certain a difference must be, and which differences are looked for. */
export interface DifferenceTerms {
  readonly goal: Goal;
  /** Largest probability of seeing a difference where there is none. Divide it by the number of comparisons. */
  readonly level: number;
  /** The smallest difference that matters, in units of the outcome: it is found soonest. It does not limit the result. */
  readonly minimumEffect: number | undefined;
  /** Nothing is decided before each of the two has so many outcomes. */
  readonly minOutcomes: number;
}

/** The difference of two means, variant minus control, with bounds that hold at all times together. */
export interface Difference {
  readonly estimate: number;
  /** Infinite until enough is known. */
  readonly low: number;
  readonly high: number;
  /** What that says of the variant. */
  readonly result: 'better' | 'worse' | 'undecided';
}

/** Stands for the minimum effect where none is given, in standard deviations of the outcome: 3 points at a rate of 10 %. */
const USUAL_EFFECT = 0.1;

/**
 * Compares a variant with the control, after every outcome if wanted: a confidence sequence by the normal mixture (Robbins;
 * the mixture SPRT of Johari et al.; Howard et al.). With probability 1 - `level` the true difference is within the bounds
 * at all times, so a test that ends when 0 is outside is wrong with probability `level` at most.
 *
 * Exact for normal outcomes of known variance and a split that does not depend on outcomes. Otherwise asymptotic, in the
 * sense of Waudby-Smith et al.: the variance is estimated, and the means are normal only when there are many outcomes. The
 * error that matters is a variance that looks too small because hits are rare. Against it, the larger of two estimates
 * counts: that of each variant alone, and that of both as if they had one mean. The first is large where the smaller
 * variant has too many hits by chance, the second where it has too few: the bounds exclude 0 only when about ten hits are
 * there, or missing. With `minOutcomes` of 100, `npm run bench -- experiments` measures the rate of errors.
 */
export function testDifference(control: Outcomes, variant: Outcomes, terms: DifferenceTerms): Difference {
  const estimate = variant.mean - control.mean;
  const halfWidth = halfWidthOf(control, variant, terms);
  const [low, high] = [estimate - halfWidth, estimate + halfWidth];
  return { estimate, low, high, result: resultOf(low, high, terms.goal) };
}

function resultOf(low: number, high: number, goal: Goal): Difference['result'] {
  if (low > 0) return goal === 'higher' ? 'better' : 'worse';
  if (high < 0) return goal === 'higher' ? 'worse' : 'better';
  return 'undecided';
}

function halfWidthOf(
  control: Outcomes,
  variant: Outcomes,
  { level, minimumEffect, minOutcomes }: DifferenceTerms,
): number {
  // The variance of a single outcome is unknown.
  if (Math.min(control.count, variant.count) < Math.max(minOutcomes, 2)) return Number.POSITIVE_INFINITY;
  const joint = varianceOf(joinOutcomes(control, variant));
  // While all outcomes are the same number, nothing says how much the next one may differ.
  if (joint === 0) return Number.POSITIVE_INFINITY;
  const variance = Math.max(
    joint / control.count + joint / variant.count,
    varianceOf(control) / control.count + varianceOf(variant) / variant.count,
  );
  // Alternatives are spread as widely as the effect that is looked for; half or twice as wide costs a few percent of time.
  const effect = minimumEffect ?? USUAL_EFFECT * Math.sqrt(joint);
  const mixture = effect * effect;
  const threshold = log(1 + mixture / variance) / 2 - log(level);
  return Math.sqrt(2 * variance * (1 + variance / mixture) * threshold);
}

function varianceOf({ count, squares }: Outcomes): number {
  return squares / (count - 1);
}
