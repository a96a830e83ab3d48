import { Alarm, alarmHeap, type Clock, RANK, type Rank, type Timer } from './clock.ts';
import { guarded } from './mistake.ts';

/**
 * Time that moves only when told to: hours of traffic pass in a second, and twice in the same way.
 * Events of one instant run by rank; what was put off to the end of the turn runs after the last of them.
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

  /** Lets `ms` pass. */
  advance(ms: number): void {
    this.runUntil(this.#nowMs + ms);
  }

  /** Time passes and nothing runs, as when a process is paused: what was due meanwhile runs late. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs everything that is due up to and including `untilMs`, and leaves the clock there. */
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

  /** Runs until nothing is left to wait for. */
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
