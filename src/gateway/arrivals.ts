import type { Clock, Timer } from '../base/clock.ts';
import { Heap, type HeapItem } from '../base/heap.ts';

/** How often the rate of arrival is looked at. */
const SWEEP_MS = 1_000;
/** A body has this long to bring what the least rate asks for: a pause on a bad line ends no upload. */
const WINDOW_MS = 5_000;

/** A request that is still arriving, or being read. */
export interface Arrival extends HeapItem {
  /** The moment after which an answer is worthless. */
  readonly deadline: number;
  /** More of its body has to come. */
  readonly isArriving: boolean;
  /** It could not come: the server does not read its connection just now. */
  readonly isPaused: boolean;
  /** Bytes of its body that have come. */
  readonly arrivedBytes: number;
  /** Where its present window began; kept here. */
  windowFrom: number;
  windowBytes: number;
  deadlinePassed(): void;
  tooSlow(): void;
  /** The server ends and does not wait for it. */
  cut(): void;
}

/**
 * The requests that are on their way to the queue, in one heap behind one alarm: each is answered at its deadline however
 * far it has come, and a body that comes slower than the least rate ends. No request costs a timer.
 */
export class Arrivals {
  /** Bodies that came too slowly. */
  tooSlow = 0;
  readonly #clock: Clock;
  /** Bytes that a body must bring in a window. */
  readonly #windowBytes: number;
  readonly #heap = new Heap<Arrival>((a, b) => a.deadline < b.deadline);
  #alarm: Timer | undefined;
  #alarmDueMs = Number.POSITIVE_INFINITY;
  #sweep: Timer | undefined;

  constructor(clock: Clock, minBytesPerSecond: number) {
    this.#clock = clock;
    this.#windowBytes = (minBytesPerSecond * WINDOW_MS) / 1_000;
  }

  add(arrival: Arrival): void {
    arrival.windowFrom = this.#clock.now();
    arrival.windowBytes = 0;
    this.#heap.push(arrival);
    if (arrival.deadline < this.#alarmDueMs) this.#arm();
    this.#sweep ??= this.#clock.at(this.#clock.now() + SWEEP_MS, () => this.#sweepNow());
  }

  /** It has arrived and is read, or is over. */
  remove(arrival: Arrival): void {
    // The alarm may now ring for none: cheaper than moving it for every request.
    this.#heap.remove(arrival);
  }

  /** Ends what has not arrived whole. */
  cutIncomplete(): void {
    for (const arrival of this.#heap.list()) if (arrival.isArriving) arrival.cut();
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#sweep?.cancel();
  }

  #arm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#alarmDueMs = this.#heap.peek()?.deadline ?? Number.POSITIVE_INFINITY;
    if (this.#alarmDueMs === Number.POSITIVE_INFINITY) return;
    this.#alarm = this.#clock.at(this.#alarmDueMs, () => this.#expire());
  }

  #expire(): void {
    const now = this.#clock.now();
    for (let next = this.#heap.peek(); next !== undefined && next.deadline <= now; next = this.#heap.peek()) {
      this.#heap.remove(next);
      next.deadlinePassed();
    }
    this.#arm();
  }

  #sweepNow(): void {
    this.#sweep = undefined;
    if (this.#heap.size === 0) return;
    const now = this.#clock.now();
    for (const arrival of this.#heap.list()) {
      const isAwaited = arrival.isArriving && !arrival.isPaused;
      if (now - arrival.windowFrom < WINDOW_MS && isAwaited) continue;
      const isSlow = isAwaited && arrival.arrivedBytes - arrival.windowBytes < this.#windowBytes;
      arrival.windowFrom = now;
      arrival.windowBytes = arrival.arrivedBytes;
      if (!isSlow) continue;
      this.tooSlow += 1;
      arrival.tooSlow();
    }
    this.#sweep = this.#clock.at(now + SWEEP_MS, () => this.#sweepNow());
  }
}
