import type { Random } from '../base/random.ts';

/** Who decides when a request leaves: the answers before it (closed), or the world outside (open). */
export type Schedule =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly ratePerSecond: number };

/** The requests of one run, as instants at which they are due, one after another. */
export interface Arrivals {
  /** Instants of the past are requests that are late; asking again gives the same one until it is taken. */
  nextDueMs(nowMs: number): number;
  /** Goes on to the request after this one. */
  take(): void;
}

/** Refuses wrong settings, before the first request is sent. `rampMs` is for the open loop alone. */
export function arrivalsOf(schedule: Schedule, startMs: number, rampMs: number, random: Random): Arrivals {
  if (schedule.kind === 'closed') {
    if (!Number.isInteger(schedule.concurrency) || schedule.concurrency < 1) {
      throw new RangeError(`concurrency must be a whole number of at least 1, not ${schedule.concurrency}`);
    }
    return CLOSED;
  }
  if (!(schedule.ratePerSecond > 0 && schedule.ratePerSecond < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ratePerSecond must be a number above 0, not ${schedule.ratePerSecond}`);
  }
  return new PoissonArrivals(schedule.ratePerSecond, startMs, rampMs, random);
}

/** Always due: only the number of connections holds the next request back. */
const CLOSED: Arrivals = {
  nextDueMs: (nowMs) => nowMs,
  take: () => {},
};

/**
 * Strangers who know nothing of each other: gaps are exponential, and nobody stays away because the server is
 * slow. That is what keeps a stalled server from hiding its stall (coordinated omission).
 *
 * The rate rises from 0 over the first `rampMs`. A cold server, met with the full rate, falls behind at once; to
 * keep the rate up every connection allowed is then opened, which burdens both sides long after.
 */
class PoissonArrivals implements Arrivals {
  readonly #meanGapMs: number;
  readonly #startMs: number;
  readonly #rampMs: number;
  readonly #random: Random;
  /** When the next request would be due, after the start, at the full rate all along. */
  #unrampedMs = 0;
  #dueMs = 0;

  constructor(ratePerSecond: number, startMs: number, rampMs: number, random: Random) {
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

  /** As many requests are due in the `t` ms of a ramp of `r` ms as in `t² / 2r` ms at the full rate. */
  #ramped(unrampedMs: number): number {
    const missedMs = this.#rampMs / 2;
    return unrampedMs < missedMs ? Math.sqrt(2 * this.#rampMs * unrampedMs) : unrampedMs + missedMs;
  }
}
