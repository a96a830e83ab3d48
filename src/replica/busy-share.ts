import { exp } from '../base/elementary.ts';

const MEMORY_MS = 1_000;

/** Exponentially weighted share of the last second in which replicas were running a batch. */
export class BusyShare {
  #share = 0;
  #now = 0;
  #fraction = 0;

  /** From now on, `busy` of `all` replicas are running a batch. */
  changed(now: number, busy: number, all: number): void {
    this.#share = this.at(now);
    this.#now = now;
    this.#fraction = all === 0 ? 0 : busy / all;
  }

  at(now: number): number {
    const kept = exp(-(now - this.#now) / MEMORY_MS);
    return kept * this.#share + (1 - kept) * this.#fraction;
  }
}
