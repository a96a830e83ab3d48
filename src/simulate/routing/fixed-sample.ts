import type { Difference } from '../../routing/statistics/difference-test.ts';
import type { Outcomes } from '../../routing/statistics/outcomes.ts';

/** Quantiles of the normal distribution: two-sided level 0.05, and power 0.9. */
const Z_LEVEL = 1.959964;
const Z_POWER = 1.281552;

/**
 * Requests that the usual test of two proportions needs in both halves together, at level 0.05 and a power of 90 %. It must be
 * fixed before, and the test looked at only then.
 */
export function fixedSampleSize(controlRate: number, variantRate: number): number {
  const mean = (controlRate + variantRate) / 2;
  const spread = (rate: number) => rate * (1 - rate);
  const deviation =
    Z_LEVEL * Math.sqrt(2 * spread(mean)) + Z_POWER * Math.sqrt(spread(controlRate) + spread(variantRate));
  return 2 * Math.ceil((deviation / (variantRate - controlRate)) ** 2);
}

/** That test, at level 0.05, of outcomes that are 1 or 0. */
export function fixedSampleTest(control: Outcomes, variant: Outcomes): Difference['result'] {
  const rate =
    (control.count * control.mean + variant.count * variant.mean) / (control.count + variant.count);
  const deviation = Math.sqrt(rate * (1 - rate) * (1 / control.count + 1 / variant.count));
  const difference = variant.mean - control.mean;
  if (!(Math.abs(difference) > Z_LEVEL * deviation)) return 'undecided';
  return difference > 0 ? 'better' : 'worse';
}
