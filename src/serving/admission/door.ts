import type { Refusal } from '../../base/errors.ts';

/** One in this many requests passes a closed door, so that what their bodies say is noticed. */
const PASSES = 32;
/** Refusals that are prepared together, with different times to retry. */
const PREPARED = 8;

/** Requests that were refused from their headers with the same prepared answers. */
export interface RefusedAtDoor {
  readonly refusal: Refusal;
  readonly requests: number;
}

/**
 * Refuses requests from their headers alone while predictions refuse their class. The refusals are prepared, so that one
 * costs little. The class that a body names is not known here: once a request has named one, all are read.
 */
export class Door {
  /** A request has named a priority in its body. */
  isOpenForGood = false;
  #knocks = 0;
  #prepared: readonly Refusal[] = [];
  /** Requests refused with the present answers. */
  #refused = 0;

  /** Whether the next late request is read all the same. */
  passes(): boolean {
    this.#knocks += 1;
    return this.#knocks % PASSES === 0;
  }

  get isPrepared(): boolean {
    return this.#prepared.length > 0;
  }

  /** Takes the refusals that `next` returns for use until they are renewed. */
  prepare(next: () => Refusal): void {
    this.#prepared = Array.from({ length: PREPARED }, () => ({ ...next(), isPrepared: true as const }));
    this.#refused = 0;
  }

  /** The next prepared refusal; call `prepare` before. */
  refuse(): Refusal {
    const refusal = this.#prepared[this.#refused % PREPARED] as Refusal;
    this.#refused += 1;
    return refusal;
  }

  /** Ends the use of the prepared refusals, and says how many requests got them. */
  renew(): RefusedAtDoor {
    const group = { refusal: this.#prepared[0] as Refusal, requests: this.#refused };
    this.#prepared = [];
    return group;
  }
}
