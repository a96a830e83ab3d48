import type { Clock } from '../base/clock.ts';

/** Timers fire up to this much late, so the pacer polls the time for this long before an instant. */
const SPIN_MS = 2;

/** The times that a pacer needs. */
export interface PacerClock {
  readonly clock: Clock;
  /** The exact time at every call. */
  readonly now: () => number;
}

/** Wakes a run at its next due time, about a hundred times more precisely than a timer. */
export class Pacer {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #wake: () => void;
  readonly #spinMs: number;
  #isWaiting = false;
  #isSpinning = false;
  #spunFromMs = 0;
  #idleMs = 0;

  /** Without spinning it leaves the processor to others, and is as precise as a timer. */
  constructor({ clock, now }: PacerClock, wake: () => void, maySpin = true) {
    this.#spinMs = maySpin ? SPIN_MS : 0;
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
    if (dueMs - nowMs > this.#spinMs) {
      this.#clock.at(dueMs - this.#spinMs, this.#woke);
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
