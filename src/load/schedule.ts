import type { Random } from '../base/random.ts';

/** When requests are sent: after earlier answers (closed), or at random times of a given rate (open). */
export type Schedule =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly ratePerSecond: number };

/** The due times of the requests of a run, in order. */
export interface Arrivals {
  /** A time in the past means a late request. Returns the same request until `take` is called. */
  nextDueMs(nowMs: number): number;
  /** Moves on to the next request. */
  take(): void;
}

/** How a run begins. The ramp applies to the open loop only. */
interface RunStart {
  readonly startMs: number;
  readonly rampMs: number;
}

/** Throws a RangeError for an invalid schedule. */
export function arrivalsOf(schedule: Schedule, start: RunStart, random: Random): Arrivals {
  if (schedule.kind === 'closed') {
    if (!Number.isInteger(schedule.concurrency) || schedule.concurrency < 1) {
      throw new RangeError(`concurrency is ${schedule.concurrency}, wanted a whole number of at least 1`);
    }
    return CLOSED;
  }
  if (!(schedule.ratePerSecond > 0 && schedule.ratePerSecond < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ratePerSecond is ${schedule.ratePerSecond}, wanted a number above 0`);
  }
  return new PoissonArrivals(schedule.ratePerSecond, start, random);
}

/** Always due: only the number of connections limits the requests. */
const CLOSED: Arrivals = {
  nextDueMs: (nowMs) => nowMs,
  take: () => {},
};

/**
 * Arrivals of independent clients: gaps are exponential, and a slow server does not reduce the rate. Therefore a stall of
 * the server cannot hide (coordinated omission).
 *
 * The rate rises from 0 over the first `rampMs`. At the full rate, a cold server falls behind at once, and all allowed
 * connections are opened to keep the rate, which slows both sides for long.
 */
class PoissonArrivals implements Arrivals {
  readonly #meanGapMs: number;
  readonly #startMs: number;
  readonly #rampMs: number;
  readonly #random: Random;
  /** Due time of the next request without the ramp, relative to the start. */
  #unrampedMs = 0;
  #dueMs = 0;

  constructor(ratePerSecond: number, { startMs, rampMs }: RunStart, random: Random) {
    this.#meanGapMs = 1000 / ratePerSecond;
    this.#startMs = startMs;
    this.#rampMs = rampMs;
    this.#random = random;
    this.take();
  }

  nextDueMs(): number {
    return this.#dueMs;
  }

  take(): void {
    // unit() may be 0 but never 1, so 1 - unit() has a logarithm.
    this.#unrampedMs -= this.#meanGapMs * Math.log(1 - this.#random.unit());
    this.#dueMs = this.#startMs + this.#ramped(this.#unrampedMs);
  }

  /** In the first `t` ms of a ramp of `r` ms, as many requests are due as in `t² / 2r` ms at the full rate. */
  #ramped(unrampedMs: number): number {
    const missedMs = this.#rampMs / 2;
    return unrampedMs < missedMs ? Math.sqrt(2 * this.#rampMs * unrampedMs) : unrampedMs + missedMs;
  }
}
