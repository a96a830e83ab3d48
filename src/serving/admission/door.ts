import type { Refusal } from '../../base/errors.ts';

/** One in this many requests passes a closed door, so that what their bodies say is noticed. */
const PASSES = 32;
/** How long prepared refusals are used, in ms. */
const FRESH_MS = 20;
/** Refusals that are prepared together, with different times to retry. */
const PREPARED = 8;

/**
 * Refuses requests from their headers alone while predictions refuse their class. The refusals are prepared, so that one
 * costs little. The class that a body names is not known here: once a request has named one, all are read.
 */
export class Door {
  /** A request has named a priority in its body. */
  isOpenForGood = false;
  #knocks = 0;
  #prepared: readonly Refusal[] = [];
  #preparedAt = Number.NEGATIVE_INFINITY;
  /** Requests refused with the present answers. */
  #refused = 0;

  /** Whether the next late request is read all the same. */
  passes(): boolean {
    this.#knocks += 1;
    return this.#knocks % PASSES === 0;
  }

  /** The next prepared refusal; `prepare` makes one, and `count` learns how many were refused with the last ones. */
  refuse(now: number, prepare: () => Refusal, count: (refusal: Refusal, requests: number) => void): Refusal {
    const [first] = this.#prepared;
    if (first === undefined || now - this.#preparedAt >= FRESH_MS) {
      if (first !== undefined) count(first, this.#refused);
      this.#prepared = Array.from({ length: PREPARED }, () => ({ ...prepare(), isPrepared: true as const }));
      this.#preparedAt = now;
      this.#refused = 0;
    }
    const refusal = this.#prepared[this.#refused % PREPARED] as Refusal;
    this.#refused += 1;
    return refusal;
  }
}
