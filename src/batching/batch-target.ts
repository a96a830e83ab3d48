import type { MarginFacts } from './margin.ts';

/** The service time of a lane's batches, as a policy plans with it. */
export interface ServiceCurve {
  /** Number of batches seen; values derived at an earlier number are stale. */
  readonly batches: number;
  readonly isKnown: boolean;
  /** Service time of so many rows, in ms. */
  predictMs(rows: number): number;
  /** Rows of the largest batch within `limitMs`; 0 when one row alone takes longer. */
  rowsWithin(limitMs: number): number;
}

/** What the best batch size depends on. */
export interface TargetFacts {
  readonly replicas: number;
  /** undefined: no objective; only throughput counts. */
  readonly latencyMs: number | undefined;
  /** Part of the objective reserved for pipe, queue and reply. */
  readonly reserveMs: number;
  /** Part of the objective that is left free; only as much of it counts as pays. */
  readonly margin: MarginFacts;
  readonly maxRows: number;
}

/** The planned batch size and its components. */
export interface BatchTarget {
  /** b*: the planned size. */
  readonly rows: number;
  /**
   * b_T: the largest size within the objective when replicas start one after the other; Infinity without an
   * objective.
   */
  readonly withinObjective: number;
  /** The margin of batches, in ms: not more than costs answers in time. */
  readonly marginMs: number;
  /** The largest margin for the wait of requests, in ms, at which replicas still find full batches. */
  readonly mostMarginMs: number;
  /** The smallest size with nearly the best throughput. */
  readonly knee: number;
  /** Upper bound on batches. Where batching gains little, it is the size that reaches that gain. */
  readonly largest: number;
  /** Throughput of the best size divided by that of single rows. */
  readonly gain: number;
}

/** What keeps the planned size from being larger. */
export type TargetLimit = 'objective' | 'margin' | 'throughput' | 'no gain' | 'maximum';

/** Why the planned size is what it is: the least of its bounds. */
export function limitOf({ rows, withinObjective, marginMs, knee, largest, gain }: BatchTarget): TargetLimit {
  if (withinObjective <= Math.min(knee, rows)) return marginMs > 0 ? 'margin' : 'objective';
  if (gain < WORTHWHILE_GAIN) return 'no gain';
  return rows >= largest ? 'maximum' : 'throughput';
}

/** Below this gain a batch costs more waiting time than it saves. */
const WORTHWHILE_GAIN = 1.15;
const NEARLY = 0.95;
/** Share of the most answers in time that a smaller batch must still bring. */
const AS_SURE_AS = 0.98;
const AS_GOOD_AS = 0.995;

/** The batch size to aim at; one row where batching gains nothing. */
export function batchTarget(curve: ServiceCurve, facts: TargetFacts): BatchTarget {
  const { replicas, latencyMs, reserveMs, margin, maxRows } = facts;
  const rate = (rows: number) => rows / Math.max(curve.predictMs(rows), Number.MIN_VALUE);
  const best = bestRate(rate, maxRows);
  const gain = best / rate(1);
  const isWorthwhile = gain >= WORTHWHILE_GAIN;
  const knee = isWorthwhile ? kneeOf(rate, NEARLY * best, maxRows) : 1;
  const largest = isWorthwhile ? maxRows : kneeOf(rate, AS_GOOD_AS * best, maxRows);
  let [withinObjective, marginMs, mostMarginMs] = [Number.POSITIVE_INFINITY, 0, 0];
  if (latencyMs !== undefined) {
    const batches = 1 + 1 / Math.max(1, replicas);
    const within = (ms: number) => curve.rowsWithin((latencyMs - reserveMs - ms) / batches);
    const spareMs = (rows: number) => latencyMs - reserveMs - batches * curve.predictMs(rows);
    const most = Math.max(1, Math.min(within(0), maxRows));
    const least = surest((rows) => rate(rows) * margin.shareWithin(spareMs(rows)), most);
    marginMs = Math.max(0, Math.min(margin.ms, spareMs(least)));
    // By rounding, a flat curve may seem to exclude the size that the margin was made for.
    withinObjective = within(0) < 1 ? 0 : Math.max(within(marginMs), least);
    const planned = Math.max(1, Math.min(withinObjective, knee, maxRows));
    const behindMs = curve.predictMs(planned) / Math.max(1, replicas);
    mostMarginMs = Math.max(marginMs, latencyMs - reserveMs - curve.predictMs(1) - behindMs);
  }
  const rows = Math.max(1, Math.min(withinObjective, knee, maxRows));
  return { rows, withinObjective, marginMs, mostMarginMs, knee, largest, gain };
}

/** Between two powers of two the rate is monotonic, so the best one is at a power of two or at the end. */
function bestRate(rate: (rows: number) => number, maxRows: number): number {
  let best = rate(maxRows);
  for (let rows = 1; rows < maxRows; rows *= 2) best = Math.max(best, rate(rows));
  return best;
}

/** The smallest of some sizes up to `most` that brings nearly the most answers in time. */
function surest(answers: (rows: number) => number, most: number): number {
  let best = answers(most);
  for (let rows = 1; rows < most; rows = nextSize(rows)) best = Math.max(best, answers(rows));
  let size = 1;
  while (size < most && answers(size) < AS_SURE_AS * best) size = nextSize(size);
  return Math.min(size, most);
}

/** 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on. */
function nextSize(rows: number): number {
  const isPower = (rows & (rows - 1)) === 0;
  return rows === 1 ? 2 : isPower ? (3 * rows) / 2 : (4 * rows) / 3;
}

/** The smallest size that reaches a rate. */
function kneeOf(rate: (rows: number) => number, wanted: number, maxRows: number): number {
  let high = 1;
  while (high < maxRows && rate(high) < wanted) high = Math.min(2 * high, maxRows);
  let low = Math.max(1, high >> 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rate(middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return high;
}
