/** How much of the load may be second tries: without a bound, trouble would feed on itself. */
export interface RetryBudget {
  readonly percent: number;
  readonly minConcurrency: number;
}

/** The most second tries at once, when so many requests run or wait. */
export function maxRetries({ percent, minConcurrency }: RetryBudget, activePlusPending: number): number {
  return Math.max(Math.floor((percent * activePlusPending) / 100), minConcurrency);
}
