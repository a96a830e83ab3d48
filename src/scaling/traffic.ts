import type { ArrivalFacts } from './scaling-policy.ts';

/** A shorter window counts only where it exceeds the longer one by so many standard deviations. */
const CERTAINLY = 6;
/** Where a start takes longer than this, the trend of the rate counts. */
const TREND_FROM_START_MS = 10_000;
const TREND_AHEAD_MS = 30_000;

/**
 * The rate to plan for, in rows per ms: that of the last minute, unless a shorter window shows more than noise. The shortest
 * ones find a jump soon, the longer ones a smaller rise.
 */
export function steadyRate({ rate60s, recent, dispersion }: ArrivalFacts): number {
  let most = rate60s;
  for (const { rate, windowMs } of recent) {
    if (rate > rate60s + noiseOf(rate60s, dispersion, windowMs)) most = Math.max(most, rate);
  }
  return most;
}

/** Where replicas start slowly, the rate that the trend leads to until one is ready; at most twice that of the last minute. */
export function trendRate({ rate60s, slope }: ArrivalFacts, rate: number, startMs: number): number {
  if (startMs < TREND_FROM_START_MS) return rate;
  const growth = Math.min(Math.max(slope * (startMs + TREND_AHEAD_MS), 0), rate60s);
  return Math.max(rate, rate60s + growth);
}

/** How far the mean of a window may be above the rate by chance. One row more is no evidence. */
function noiseOf(rate: number, dispersion: number, windowMs: number): number {
  return (CERTAINLY * Math.sqrt(Math.max(1, rate * windowMs * dispersion))) / windowMs;
}
