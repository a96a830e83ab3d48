import type { Clock } from '../base/clock.ts';

/** Timers come up to this much late, so the last stretch before an instant is spent looking at the watch. */
const SPIN_MS = 2;

/** Wakes a run at its next due time, a hundred times more finely than a timer could. */
export class Pacer {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #wake: () => void;
  #isWaiting = false;
  #isSpinning = false;
  #spunFromMs = 0;
  #idleMs = 0;

  constructor(clock: Clock, now: () => number, wake: () => void) {
    this.#clock = clock;
    this.#now = now;
    this.#wake = wake;
  }

  /** Time burnt with nothing to do: it is no sign of a generator at its limit. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** May wake early, to be asked again. While a wake-up is under way, another is not needed. */
  wakeAt(dueMs: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const nowMs = this.#now();
    if (dueMs - nowMs > SPIN_MS) {
      this.#clock.at(dueMs - SPIN_MS, this.#woke);
    } else {
      this.#isSpinning = true;
      this.#spunFromMs = nowMs;
      this.#clock.endOfTurn(this.#woke);
    }
  }

  /** Something happened in this turn, so the turn was not idle. */
  worked(): void {
    this.#isSpinning = false;
  }

  readonly #woke = (): void => {
    if (this.#isSpinning) this.#idleMs += this.#now() - this.#spunFromMs;
    this.#isSpinning = false;
    this.#isWaiting = false;
    this.#wake();
  };
}
