/** What was counted in one tick. */
export interface TickCounts {
  readonly at: number;
  readonly rows: number;
  readonly inFlightRows: number;
}

const LONGEST_MS = 60_000;
const SECOND_MS = 1_000;
const LEAST_SPAN_MS = 10_000;
const LEAST_SECONDS = 10;
/** Median of the distance of two normal values, in standard deviations. */
const MEDIAN_OF_CHANGE = 0.954;

/** The counts of the last minute, tick by tick. */
export class TickRing {
  readonly #startedAt: number;
  #ticks: TickCounts[] = [];

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  add(tick: TickCounts): void {
    this.#ticks.push(tick);
    if ((this.#ticks[0]?.at ?? 0) <= tick.at - 2 * LONGEST_MS) {
      this.#ticks = this.#ticks.filter(({ at }) => at > tick.at - LONGEST_MS);
    }
  }

  /** Rows per ms over the last `windowMs`, or since the start where that is less: a first request is no rate. */
  rate(now: number, windowMs: number): number {
    const from = now - windowMs;
    let rows = 0;
    for (let index = this.#ticks.length - 1; index >= 0; index--) {
      const tick = this.#ticks[index] as TickCounts;
      if (tick.at <= from) break;
      rows += tick.rows;
    }
    const spanMs = Math.max(now - this.#startedAt, LEAST_SPAN_MS);
    return rows / Math.min(windowMs, spanMs);
  }

  /** Mean of the rows in flight over the last `windowMs`. */
  meanInFlight(now: number, windowMs: number): number {
    let [sum, count] = [0, 0];
    for (let index = this.#ticks.length - 1; index >= 0; index--) {
      const tick = this.#ticks[index] as TickCounts;
      if (tick.at <= now - windowMs) break;
      sum += tick.inFlightRows;
      count += 1;
    }
    return count === 0 ? 0 : sum / count;
  }

  /**
   * Variance of the rows of a second divided by their mean, over the last minute; 1 while little is known. It comes from the
   * median change between seconds, which neither a step nor a slope moves.
   */
  dispersion(now: number): number {
    const seconds = this.#rowsBySecond(now);
    const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
    if (seconds.length < LEAST_SECONDS || mean === 0) return 1;
    const changes = seconds.slice(1).map((rows, index) => Math.abs(rows - (seconds[index] as number)));
    changes.sort((a, b) => a - b);
    const median = changes[changes.length >> 1] as number;
    return Math.max(1, (median / MEDIAN_OF_CHANGE) ** 2 / mean);
  }

  /** Growth of the rate over the last minute, by its two halves, in rows per ms and ms. */
  slope(now: number): number {
    if (now - this.#startedAt < LONGEST_MS) return 0;
    const half = LONGEST_MS / 2;
    const late = this.rate(now, half);
    return (2 * (late - this.rate(now, LONGEST_MS))) / half;
  }

  #rowsBySecond(now: number): readonly number[] {
    const seconds = Math.floor(Math.min(LONGEST_MS, now - this.#startedAt) / SECOND_MS);
    const rows = new Array<number>(Math.max(0, seconds)).fill(0);
    for (const tick of this.#ticks) {
      const second = Math.floor((now - tick.at) / SECOND_MS);
      if (second >= 0 && second < rows.length) (rows[second] as number) += tick.rows;
    }
    return rows;
  }
}
