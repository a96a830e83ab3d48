/** Bounds the share of retries, because unbounded retries amplify an overload. */
export interface RetryBudget {
  readonly percent: number;
  readonly minConcurrency: number;
}

/** The maximum number of concurrent retries for so many running or waiting requests. */
export function maxRetries({ percent, minConcurrency }: RetryBudget, activePlusPending: number): number {
  return Math.max(Math.floor((percent * activePlusPending) / 100), minConcurrency);
}
