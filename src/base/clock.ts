import { Heap, type HeapItem } from './heap.ts';
import { guarded } from './mistake.ts';

/**
 * The order of events at the same instant. Freed capacity and departures run before new work, so that no decision
 * uses a fact that the same instant has already changed.
 */
export const RANK = { completion: 0, cancel: 1, expiry: 2, arrival: 3 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

/** A scheduled callback. */
export interface Timer {
  /** The callback does not run after this. Idempotent. */
  cancel(): void;
}

/** The time source of the core. Monotonic milliseconds from an arbitrary start. */
export interface Clock {
  /** Constant within one turn of the event loop. */
  now(): number;
  /** Calls `wake` once, never before `dueMs`, possibly later. */
  at(dueMs: number, wake: () => void, rank?: Rank): Timer;
  /** Calls `run` after all events of this turn have been handled. */
  endOfTurn(run: () => void): void;
}

/** The clock of a process that reads from sockets. */
export interface LoopClock extends Clock {
  /**
   * How long what is read in this turn has waited in its socket, on average, in ms: half of the time since the turn before
   * began, if the loop has not been waiting since.
   */
  readonly delayMs: number;
}

/** A scheduled callback as an entry of the heap of either clock. */
export class Alarm implements Timer, HeapItem {
  heapIndex = -1;
  readonly dueMs: number;
  readonly rank: Rank;
  readonly order: number;
  readonly wake: () => void;
  readonly #onCancel: (alarm: Alarm) => void;

  constructor(dueMs: number, rank: Rank, order: number, wake: () => void, onCancel: (alarm: Alarm) => void) {
    this.#onCancel = onCancel;
    this.dueMs = dueMs;
    this.rank = rank;
    this.order = order;
    this.wake = wake;
  }

  cancel(): void {
    this.#onCancel(this);
  }
}

/** Ordered by instant, then by rank, then by creation. */
export function alarmHeap(): Heap<Alarm> {
  return new Heap<Alarm>((a, b) => {
    if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
    if (a.rank !== b.rank) return a.rank < b.rank;
    return a.order < b.order;
  });
}

/** An event loop that has been waiting for less than this when a turn begins has not been waiting at all, in ms. */
const NO_WAIT_MS = 1;

/** The clock of the machine. One real timer serves the whole heap of alarms. */
export class RealClock implements LoopClock {
  delayMs = 0;
  #turnEndedAt = 0;
  #turnBeganAt = 0;
  readonly #alarms = alarmHeap();
  #asked = 0;
  #turnNow: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  now(): number {
    if (this.#turnNow === undefined) {
      const now = performance.now();
      this.#turnNow = now;
      this.delayMs = now - this.#turnEndedAt < NO_WAIT_MS ? (now - this.#turnBeganAt) / 2 : 0;
      this.#turnBeganAt = now;
      setImmediate(this.#forgetTurn);
    }
    return this.#turnNow;
  }

  at(dueMs: number, wake: () => void, rank: Rank = RANK.expiry): Timer {
    const alarm = new Alarm(dueMs, rank, this.#asked++, wake, this.#forget);
    this.#alarms.push(alarm);
    if (dueMs < this.#timerDueMs) this.#arm();
    return alarm;
  }

  endOfTurn(run: () => void): void {
    setImmediate(() => guarded('the end of a turn', run));
  }

  readonly #forget = (alarm: Alarm): void => {
    this.#alarms.remove(alarm);
    // A timer without alarms would keep the process running.
    if (this.#alarms.size === 0) this.#arm();
  };

  readonly #forgetTurn = (): void => {
    this.#turnNow = undefined;
    this.#turnEndedAt = performance.now();
  };

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#alarms.peek();
    if (next === undefined) {
      this.#timer = undefined;
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.#timerDueMs = next.dueMs;
    // Node truncates to whole milliseconds and may fire early: round up, and check again when it fires.
    const delayMs = Math.min(Math.max(Math.ceil(next.dueMs - performance.now()), 1), 0x7fffffff);
    this.#timer = setTimeout(this.#fire, delayMs);
  }

  readonly #fire = (): void => {
    this.#turnNow = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const now = this.now();
    for (
      let next = this.#alarms.peek();
      next !== undefined && next.dueMs <= now;
      next = this.#alarms.peek()
    ) {
      this.#alarms.remove(next);
      guarded('a timer', next.wake);
    }
    this.#arm();
  };
}
