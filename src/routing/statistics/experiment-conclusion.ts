import type { ExperimentSettings } from '../../config/experiment-settings.ts';
import { type Difference, testDifference } from './difference-test.ts';
import { NO_OUTCOMES, type Outcomes } from './outcomes.ts';

/** A variant against the control. */
export interface Comparison extends Difference {
  readonly variant: string;
}

/** What an experiment has found so far. */
export interface Conclusion {
  /** The variant that should get the traffic; undefined while that is open. */
  readonly winner: string | undefined;
  readonly comparisons: readonly Comparison[];
  /** In one sentence. */
  readonly words: string;
}

/** Compares every variant with the control; the level is shared among them. May be asked at any time. */
export function conclusionOf(
  settings: ExperimentSettings,
  outcomes: ReadonlyMap<string, Outcomes>,
): Conclusion {
  const { control, goal, level, minimumEffect, minOutcomes } = settings;
  const variants = [...outcomes.keys()].filter((name) => name !== control);
  const terms = { goal, minimumEffect, minOutcomes, level: level / Math.max(1, variants.length) };
  const usual = outcomes.get(control) ?? NO_OUTCOMES;
  const comparisons = variants.map((variant) => ({
    variant,
    ...testDifference(usual, outcomes.get(variant) ?? NO_OUTCOMES, terms),
  }));
  const better = comparisons.filter(({ result }) => result === 'better');
  const sign = goal === 'higher' ? 1 : -1;
  const best = better.toSorted((one, other) => sign * (other.estimate - one.estimate))[0];
  const isControlBest = comparisons.length > 0 && comparisons.every(({ result }) => result === 'worse');
  const winner = best?.variant ?? (isControlBest ? control : undefined);
  return { winner, comparisons, words: wordsOf(settings, outcomes, { winner, comparisons }) };
}

function wordsOf(
  { control, level, minOutcomes }: ExperimentSettings,
  outcomes: ReadonlyMap<string, Outcomes>,
  { winner, comparisons }: Omit<Conclusion, 'words'>,
): string {
  const sure = `${Math.round((1 - level) * 1000) / 10} %`;
  if (winner === control)
    return `${control}, the control, is better than every other variant (at ${sure} confidence)`;
  if (winner !== undefined) {
    const found = comparisons.find(({ variant }) => variant === winner);
    return `${winner} is better than ${control} by ${shown(found && Math.abs(found.estimate))}, at least by ${shown(leastOf(found))} (at ${sure} confidence)`;
  }
  const few = [...outcomes].filter(([, { count }]) => count < minOutcomes);
  if (few.length > 0) {
    const wanted = few.map(([name, { count }]) => `${name} has ${count}`).join(', ');
    return `undecided: ${wanted} of ${minOutcomes} reported values`;
  }
  const open = comparisons
    .filter(({ result }) => result === 'undecided')
    .map(({ variant, low, high }) => `${variant} − ${control} is between ${shown(low)} and ${shown(high)}`);
  const worse = comparisons
    .filter(({ result }) => result === 'worse')
    .map(({ variant }) => `${variant} is worse`);
  return `undecided: ${[...open, ...worse].join('; ')} (at ${sure} confidence)`;
}

function leastOf(found: Comparison | undefined): number | undefined {
  return found && Math.min(Math.abs(found.low), Math.abs(found.high));
}

function shown(value: number | undefined): string {
  if (value === undefined) return '?';
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : value > 0 ? '∞' : '−∞';
}
