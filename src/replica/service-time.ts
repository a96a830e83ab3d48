/** Share that each older observation keeps: about the last twenty batches count. */
const MEMORY = 0.95;
const FIRST_VARIANCE = 1e6;

/** Share that each older batch keeps in how slow a replica is. */
const FACTOR_MEMORY = 0.8;
const LEAST_MS = 1e-3;
/** Of the mean: no batch is expected to take less. */
const LEAST_SHARE = 0.1;
/** More than so much slower or faster is the same to us. */
const MAX_FACTOR = 20;

/** What is known of how long batches take on one replica. */
export interface ServiceEstimate {
  /** Batches it rests on. */
  readonly batches: number;
  /** How slow it is beside the others: only the ratio of two replicas' factors means anything. */
  readonly factor: number;
  predictMs(rows: number): number;
}

/** One replica's service time: the shape that all replicas of a version share, times how slow this one is. */
export class ReplicaServiceTime implements ServiceEstimate {
  readonly #shared: ServiceTime;
  batches = 0;
  factor = 1;

  constructor(shared: ServiceTime) {
    this.#shared = shared;
  }

  observe(rows: number, tookMs: number): void {
    // A line through few sizes may pass near zero elsewhere: what it says there must not make anybody look slow.
    const usualMs = Math.max(this.#shared.predictMs(rows), LEAST_SHARE * this.#shared.meanMs, LEAST_MS);
    const ratio = Math.min(Math.max(tookMs / usualMs, 1 / MAX_FACTOR), MAX_FACTOR);
    // Until the shape is known nobody can be told to be slow.
    if (this.#shared.isKnown) this.factor = FACTOR_MEMORY * this.factor + (1 - FACTOR_MEMORY) * ratio;
    this.#shared.observe(rows, tookMs / this.factor);
    this.batches += 1;
  }

  predictMs(rows: number): number {
    return this.#shared.predictMs(rows) * this.factor;
  }
}

const KNOWN_AFTER_BATCHES = 5;

/**
 * Learns service time as a line over the number of rows, by recursive least squares that forgets. Never less than
 * nothing a batch nor a row.
 */
export class ServiceTime {
  meanMs = 0;
  #batches = 0;
  #fixedMs = 0;
  #rowMs = 0;
  // The inverse covariance of the two coefficients: how open each still is to being changed.
  #p00 = FIRST_VARIANCE;
  #p01 = 0;
  #p11 = FIRST_VARIANCE;

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
    this.#batches += 1;
    this.meanMs += (tookMs - this.meanMs) * Math.max(1 - MEMORY, 1 / this.#batches);
  }

  get isKnown(): boolean {
    return this.#batches >= KNOWN_AFTER_BATCHES;
  }

  predictMs(rows: number): number {
    if (this.#rowMs < 0) return Math.max(0, this.#fixedMs + this.#rowMs * rows);
    return Math.max(0, this.#fixedMs) + this.#rowMs * rows;
  }
}
