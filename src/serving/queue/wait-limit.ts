import type { Clock, Timer } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import type { Entry } from '../../work/entry.ts';

/** Reports requests that have waited for a replica as long as they may. All of a version wait equally long. */
export class WaitLimit {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onPassed: (entry: Entry, refusal: Refusal) => void;
  /** In the order of arrival. */
  readonly #entries = new Set<Entry>();
  readonly #refusal: Refusal;
  #alarm: Timer | undefined;

  constructor(clock: Clock, limitMs: number, onPassed: (entry: Entry, refusal: Refusal) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onPassed = onPassed;
    this.#refusal = refuse(
      'DROPPED_LATE',
      `Request timeout expired: no replica was free within ${limitMs} ms (queue.timeoutMs); try again later`,
    );
  }

  add(entry: Entry): void {
    this.#entries.add(entry);
    if (this.#alarm === undefined) this.#arm(entry);
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry);
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  #arm(next: Entry): void {
    this.#alarm = this.#clock.at(next.receivedAt + this.#limitMs, () => {
      this.#alarm = undefined;
      this.#expire(this.#clock.now());
    });
  }

  #expire(now: number): void {
    for (const entry of this.#entries) {
      if (entry.receivedAt + this.#limitMs > now) {
        this.#arm(entry);
        return;
      }
      this.#entries.delete(entry);
      // One that waits for the answer to an equal request waits no longer than that one.
      if ((entry.leader ?? entry).dispatchedAt === undefined) this.#onPassed(entry, this.#refusal);
    }
  }
}
