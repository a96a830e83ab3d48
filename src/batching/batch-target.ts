/** What a batch of a lane costs, as a policy plans with it. */
export interface ServiceCurve {
  /** Grows with every batch seen: what was worked out from it is stale then. */
  readonly batches: number;
  readonly isKnown: boolean;
  /** Service time of so many rows, in ms. */
  predictMs(rows: number): number;
  /** The largest batch that takes no longer than this; 0 when one row alone does. */
  rowsWithin(limitMs: number): number;
  /** τ: a prediction times this is kept by the share `quantile` of batches. */
  planFactor(quantile: number): number;
}

/** What the best size of a batch depends on. */
export interface TargetFacts {
  readonly replicas: number;
  /** undefined: no objective, only throughput counts. */
  readonly latencyMs: number | undefined;
  /** Of the objective, kept for what is not the batch: pipe, queue hops, reply. */
  readonly reserveMs: number;
  readonly planFactor: number;
  readonly maxRows: number;
}

/** How large batches should be, and why. */
export interface BatchTarget {
  /** b*: the size to plan with. */
  readonly rows: number;
  /** b_T: the largest that keeps the objective when replicas start one after the other; Infinity without one. */
  readonly withinObjective: number;
  /** The smallest with nearly the best throughput. */
  readonly knee: number;
  /** No batch is larger: where batching gains next to nothing it stops where even that is gained. */
  readonly largest: number;
  /** How many times more rows a second the best size gives than single rows do. */
  readonly gain: number;
}

/** Below this gain a batch costs more waiting than it saves. */
const WORTHWHILE_GAIN = 1.15;
const NEARLY = 0.95;
const AS_GOOD_AS = 0.995;

/** The size of batch to aim at. One row where batching gains nothing. */
export function batchTarget(curve: ServiceCurve, facts: TargetFacts): BatchTarget {
  const { replicas, latencyMs, reserveMs, planFactor, maxRows } = facts;
  const rate = (rows: number) => rows / Math.max(curve.predictMs(rows), Number.MIN_VALUE);
  // Between two powers of two the rate only rises or only falls: the best is at one of them, or at the end.
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
