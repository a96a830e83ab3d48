/** When warmup has run long enough. */
export interface StabilityRule {
  /** Runs in each of the two compared windows. */
  readonly windowRuns: number;
  /** At least two runs that last this long together also fill a window. */
  readonly windowMs: number;
  /** Largest difference of the medians, as a share of the smaller one. */
  readonly tolerance: number;
}

export interface Stability {
  readonly isStable: boolean;
  /** Median of the last window; 0 before there is one. */
  readonly stableMs: number;
  /** Relative difference of the medians of the last two windows; Infinity before there are two. */
  readonly drift: number;
}

/** Smaller differences are ignored, because clock and pipe vary by as much. */
const NO_DIFFERENCE_MS = 0.1;
const LEAST_RUNS = 2;

/**
 * Latency is stable when the medians of the last two windows of runs agree within the tolerance. Medians, because a
 * single disturbed run must neither end nor prolong warmup. Long runs need fewer samples: a disturbance of a
 * millisecond is negligible in fifty.
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

/** The start of the window that ends at `end`; undefined when the runs before `end` do not fill one. */
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
