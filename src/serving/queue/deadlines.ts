import type { Clock, Timer } from '../../base/clock.ts';
import { Heap } from '../../base/heap.ts';
import type { Entry } from '../../work/entry.ts';

/** All deadlines of one version in one heap with one alarm, so that a request needs no timer of its own. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #onPassed: (entry: Entry) => void;
  readonly #heap = new Heap<Entry>((a, b) =>
    a.deadline === b.deadline ? a.id < b.id : a.deadline < b.deadline,
  );
  #alarm: Timer | undefined;
  #alarmDueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onPassed: (entry: Entry) => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  add(entry: Entry): void {
    this.#heap.push(entry);
    if (entry.deadline < this.#alarmDueMs) this.#arm();
  }

  remove(entry: Entry): void {
    // The alarm may now be early, which is cheaper than moving it for every answer.
    this.#heap.remove(entry);
  }

  /** Reports and removes every entry whose deadline is `now` or earlier. */
  expire(now: number): void {
    for (let next = this.#heap.peek(); next !== undefined && next.deadline <= now; next = this.#heap.peek()) {
      this.#heap.remove(next);
      this.#onPassed(next);
    }
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#alarmDueMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.stop();
    const next = this.#heap.peek();
    if (next === undefined) return;
    this.#alarmDueMs = next.deadline;
    this.#alarm = this.#clock.at(next.deadline, () => {
      this.expire(this.#clock.now());
      this.#arm();
    });
  }
}
