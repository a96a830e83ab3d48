/** The service time of a lane's batches, as a policy plans with it. */
export interface ServiceCurve {
  /** Number of batches seen; values derived at an earlier number are stale. */
  readonly batches: number;
  readonly isKnown: boolean;
  /** Service time of so many rows, in ms. */
  predictMs(rows: number): number;
  /** Rows of the largest batch within `limitMs`; 0 when one row alone takes longer. */
  rowsWithin(limitMs: number): number;
  /** τ: the share `quantile` of batches takes at most τ times the prediction. */
  planFactor(quantile: number): number;
}

/** What the best batch size depends on. */
export interface TargetFacts {
  readonly replicas: number;
  /** undefined: no objective; only throughput counts. */
  readonly latencyMs: number | undefined;
  /** Part of the objective reserved for pipe, queue and reply. */
  readonly reserveMs: number;
  readonly planFactor: number;
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
  /** The smallest size with nearly the best throughput. */
  readonly knee: number;
  /** Upper bound on batches. Where batching gains little, it is the size that reaches that gain. */
  readonly largest: number;
  /** Throughput of the best size divided by that of single rows. */
  readonly gain: number;
}

/** Below this gain a batch costs more waiting time than it saves. */
const WORTHWHILE_GAIN = 1.15;
const NEARLY = 0.95;
const AS_GOOD_AS = 0.995;

/** The batch size to aim at; one row where batching gains nothing. */
export function batchTarget(curve: ServiceCurve, facts: TargetFacts): BatchTarget {
  const { replicas, latencyMs, reserveMs, planFactor, maxRows } = facts;
  const rate = (rows: number) => rows / Math.max(curve.predictMs(rows), Number.MIN_VALUE);
  // Between two powers of two the rate is monotonic, so the best one is at a power of two or at the end.
  let best = rate(maxRows);
  for (let rows = 1; rows < maxRows; rows *= 2) best = Math.max(best, rate(rows));
  const gain = best / rate(1);
  const withinObjective =
    latencyMs === undefined
      ? Number.POSITIVE_INFINITY
      : curve.rowsWithin((latencyMs - reserveMs) / ((1 + 1 / Math.max(1, replicas)) * planFactor));
  const isWorthwhile = gain >= WORTHWHILE_GAIN;
  const knee = isWorthwhile ? kneeOf(rate, NEARLY * best, maxRows) : 1;
  const largest = isWorthwhile ? maxRows : kneeOf(rate, AS_GOOD_AS * best, maxRows);
  const rows = Math.max(1, Math.min(withinObjective, knee, maxRows));
  return { rows, withinObjective, knee, largest, gain };
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
