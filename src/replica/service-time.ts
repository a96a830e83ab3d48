/** Share that each older observation keeps: about the last fifty batches count. */
const MEMORY = 0.98;
const FIRST_VARIANCE = 1e6;

/** What is known of how long batches take on one replica. */
export interface ServiceEstimate {
  /** Batches it rests on. */
  readonly batches: number;
  predictMs(rows: number): number;
}

/**
 * Learns service time as a line over the number of rows, by recursive least squares that forgets. Never less than
 * nothing a batch nor a row.
 */
export class ServiceTime implements ServiceEstimate {
  batches = 0;
  #fixedMs = 0;
  #rowMs = 0;
  // The inverse covariance of the two coefficients: how open each still is to being changed.
  #p00 = FIRST_VARIANCE;
  #p01 = 0;
  #p11 = FIRST_VARIANCE;
  #deviationMs = 0;

  observe(rows: number, tookMs: number): void {
    const error = tookMs - (this.#fixedMs + this.#rowMs * rows);
    const g0 = this.#p00 + this.#p01 * rows;
    const g1 = this.#p01 + this.#p11 * rows;
    const denominator = MEMORY + g0 + g1 * rows;
    const [k0, k1] = [g0 / denominator, g1 / denominator];
    this.#fixedMs += k0 * error;
    this.#rowMs += k1 * error;
    // Where sizes do not vary the covariance would grow without end while nothing is learned.
    this.#p00 = Math.min((this.#p00 - k0 * g0) / MEMORY, FIRST_VARIANCE);
    this.#p01 = (this.#p01 - k0 * g1) / MEMORY;
    this.#p11 = Math.min((this.#p11 - k1 * g1) / MEMORY, FIRST_VARIANCE);
    this.batches += 1;
    if (this.batches > 2) this.#deviationMs = MEMORY * this.#deviationMs + (1 - MEMORY) * Math.abs(error);
  }

  predictMs(rows: number): number {
    if (this.#rowMs < 0) return Math.max(0, this.#fixedMs + this.#rowMs * rows);
    return Math.max(0, this.#fixedMs) + this.#rowMs * rows;
  }

  /** How far off predictions have been on average. */
  get deviationMs(): number {
    return this.#deviationMs;
  }
}
