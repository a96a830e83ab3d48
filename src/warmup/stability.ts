/** When practice is enough. */
export interface StabilityRule {
  /** Runs in each of the two windows compared. */
  readonly windowRuns: number;
  /** Largest difference of their medians, as a share of the smaller one. */
  readonly tolerance: number;
}

export interface StabilityVerdict {
  readonly isStable: boolean;
  /** Median of the last window; 0 before there is one. */
  readonly stableMs: number;
  /** Share by which the medians of the two last windows differ; Infinity before there are two. */
  readonly drift: number;
}

/**
 * Latency is stable when the medians of the last two windows of runs agree within the tolerance. Medians,
 * because a single run that the machine disturbed must neither end practice nor prolong it. Differences below
 * a tenth of a millisecond count as none: the clock and the pipe alone vary by that.
 */
export function judgeStability(rule: StabilityRule, latenciesMs: readonly number[]): StabilityVerdict {
  const { windowRuns, tolerance } = rule;
  const last = median(latenciesMs.slice(-windowRuns));
  if (latenciesMs.length < 2 * windowRuns) {
    return { isStable: false, stableMs: last, drift: Number.POSITIVE_INFINITY };
  }
  const before = median(latenciesMs.slice(-2 * windowRuns, -windowRuns));
  const difference = Math.abs(last - before);
  const drift = difference / Math.max(Math.min(last, before), Number.MIN_VALUE);
  return { isStable: drift <= tolerance || difference < 0.1, stableMs: last, drift };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
