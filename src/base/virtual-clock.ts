import { Alarm, alarmHeap, type Clock, RANK, type Rank, type Timer } from './clock.ts';
import { guarded } from './mistake.ts';

/**
 * Simulated time that advances only on request, so that hours of traffic run in a second and reproducibly.
 * Events of one instant run by rank; end-of-turn callbacks run after the last of them.
 */
export class VirtualClock implements Clock {
  readonly #alarms = alarmHeap();
  #endOfTurn: (() => void)[] = [];
  #asked = 0;
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  at(dueMs: number, wake: () => void, rank: Rank = RANK.expiry): Timer {
    const alarm = new Alarm(Math.max(dueMs, this.#nowMs), rank, this.#asked++, wake, (cancelled) =>
      this.#alarms.remove(cancelled),
    );
    this.#alarms.push(alarm);
    return alarm;
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run);
  }

  /** Advances the time by `ms`. */
  advance(ms: number): void {
    this.runUntil(this.#nowMs + ms);
  }

  /** Advances the time without running anything, as when a process is paused: due callbacks run late. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs everything that is due up to and including `untilMs`, and sets the clock to `untilMs`. */
  runUntil(untilMs: number): void {
    this.#finishInstant();
    for (
      let next = this.#alarms.peek();
      next !== undefined && next.dueMs <= untilMs;
      next = this.#alarms.peek()
    ) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#finishInstant();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs until no alarm is left. */
  runAll(): void {
    this.#finishInstant();
    for (let next = this.#alarms.peek(); next !== undefined; next = this.#alarms.peek()) {
      this.runUntil(next.dueMs);
    }
  }

  #finishInstant(): void {
    for (;;) {
      const next = this.#alarms.peek();
      if (next !== undefined && next.dueMs <= this.#nowMs) {
        this.#alarms.remove(next);
        guarded('a timer', next.wake);
      } else if (this.#endOfTurn.length > 0) {
        const ending = this.#endOfTurn;
        this.#endOfTurn = [];
        for (const run of ending) guarded('the end of a turn', run);
      } else {
        return;
      }
    }
  }
}
