/** Which outcomes are the better ones. */
export type Goal = 'higher' | 'lower';

/**
 * What is kept of the outcomes reported for one variant. An outcome is any number whose square is finite, such as 1 for a
 * purchase and 0 for none.
 */
export interface Outcomes {
  readonly count: number;
  /** 0 while there is none. */
  readonly mean: number;
  /** Sum of the squared deviations from the mean. */
  readonly squares: number;
}

export const NO_OUTCOMES: Outcomes = { count: 0, mean: 0, squares: 0 };

/** The outcomes with one more, after Welford: sums of squares would lose the digits of a small variance. */
export function addOutcome({ count, mean, squares }: Outcomes, outcome: number): Outcomes {
  const added = count + 1;
  const deviation = outcome - mean;
  const newMean = mean + deviation / added;
  return { count: added, mean: newMean, squares: squares + deviation * (outcome - newMean) };
}

/** The outcomes of both, as if they had been reported for one variant (Chan, Golub and LeVeque). */
export function joinOutcomes(a: Outcomes, b: Outcomes): Outcomes {
  const count = a.count + b.count;
  if (count === 0) return NO_OUTCOMES;
  const difference = b.mean - a.mean;
  const shareOfB = b.count / count;
  return {
    count,
    mean: a.mean + difference * shareOfB,
    squares: a.squares + b.squares + difference * difference * a.count * shareOfB,
  };
}
