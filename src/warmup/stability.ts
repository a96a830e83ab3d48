/** When practice is enough. */
export interface StabilityRule {
  /** Runs in each of the two windows compared. */
  readonly windowRuns: number;
  /** Runs that last this long together fill a window too, if there are at least two. */
  readonly windowMs: number;
  /** Largest difference of their medians, as a share of the smaller one. */
  readonly tolerance: number;
}

export interface Stability {
  readonly isStable: boolean;
  /** Median of the last window; 0 before there is one. */
  readonly stableMs: number;
  /** Share by which the medians of the two last windows differ; Infinity before there are two. */
  readonly drift: number;
}

/** Below this a difference is none: the clock and the pipe alone vary by as much. */
const NO_DIFFERENCE_MS = 0.1;
const LEAST_RUNS = 2;

/**
 * Latency is stable when the medians of the last two windows of runs agree within the tolerance. Medians,
 * because a single run that the machine disturbed must neither end practice nor prolong it. Long runs need
 * fewer of them: what disturbs a millisecond is lost in fifty.
 */
export function evaluateStability(rule: StabilityRule, latenciesMs: readonly number[]): Stability {
  const lastFrom = windowStart(rule, latenciesMs, latenciesMs.length);
  const beforeFrom = lastFrom === undefined ? undefined : windowStart(rule, latenciesMs, lastFrom);
  const stableMs = median(latenciesMs.slice(lastFrom ?? 0));
  if (lastFrom === undefined || beforeFrom === undefined) {
    return { isStable: false, stableMs, drift: Number.POSITIVE_INFINITY };
  }
  const beforeMs = median(latenciesMs.slice(beforeFrom, lastFrom));
  const difference = Math.abs(stableMs - beforeMs);
  const drift = difference / Math.max(Math.min(stableMs, beforeMs), Number.MIN_VALUE);
  return { isStable: drift <= rule.tolerance || difference < NO_DIFFERENCE_MS, stableMs, drift };
}

/** Where the window that ends at `end` begins; undefined when the runs before `end` do not fill one. */
function windowStart(rule: StabilityRule, latenciesMs: readonly number[], end: number): number | undefined {
  let lastedMs = 0;
  for (let start = end - 1; start >= 0; start--) {
    lastedMs += latenciesMs[start] as number;
    const runs = end - start;
    if (runs >= rule.windowRuns || (runs >= LEAST_RUNS && lastedMs >= rule.windowMs)) return start;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
