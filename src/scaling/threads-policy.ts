/** What a replica of so many threads achieves alone. */
export interface MeasuredThreads {
  readonly threads: number;
  /** Rows per ms at its best batch size. */
  readonly rate: number;
  /** Time of one row, of which one in twenty takes longer, in ms. */
  readonly oneRowMs: number;
}

/** A count is preferred over a smaller one only if each of its threads achieves nearly as much. */
const NEARLY = 0.98;
/** Share of the objective that one row alone may take. */
const OBJECTIVE_SHARE = 0.5;

/**
 * The count of threads with the most rows per thread, among those with which one row takes at most half of the objective;
 * where none is fast enough, the fastest. Of equal ones the smallest.
 */
export function chooseThreads(measured: readonly MeasuredThreads[], latencyMs: number | undefined): number {
  const sorted = [...measured].sort((a, b) => a.threads - b.threads);
  const fastEnough = sorted.filter(
    ({ oneRowMs }) => latencyMs === undefined || oneRowMs <= OBJECTIVE_SHARE * latencyMs,
  );
  if (fastEnough.length === 0) {
    return sorted.reduce((a, b) => (b.oneRowMs < a.oneRowMs ? b : a)).threads;
  }
  return fastEnough.reduce((a, b) => (NEARLY * (b.rate / b.threads) > a.rate / a.threads ? b : a)).threads;
}
