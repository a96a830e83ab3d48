import type { Clock } from '../base/clock.ts';

/** Timers fire up to this much late, so the pacer polls the time for this long before an instant. */
const SPIN_MS = 2;

/** Wakes a run at its next due time, about a hundred times more precisely than a timer. */
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

  /** Time of busy waiting, which does not mean that the generator is at its limit. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** May wake early; the caller then calls it again. Has no effect while a wake-up is pending. */
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

  /** Marks the current turn as not idle. */
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
