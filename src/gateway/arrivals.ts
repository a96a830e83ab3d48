import type { Clock, Timer } from '../base/clock.ts';
import { Heap, type HeapItem } from '../base/heap.ts';

/** Interval of checks of the arrival rate. */
const SWEEP_MS = 1_000;
/** Time in which a body must bring what the minimum rate requires: a short pause on a slow line ends no upload. */
const WINDOW_MS = 5_000;

/** A request whose body is arriving or being decoded. */
export interface Arrival extends HeapItem {
  /** Monotonic time after which an answer is useless, in ms. */
  readonly deadline: number;
  /** More of its body must come. */
  readonly isArriving: boolean;
  /** It cannot arrive now: the server has paused reading from its connection. */
  readonly isPaused: boolean;
  /** Bytes of its body that have arrived. */
  readonly arrivedBytes: number;
  /** Start of its present window; set by `Arrivals`. */
  windowFrom: number;
  windowBytes: number;
  deadlinePassed(): void;
  tooSlow(): void;
  /** The server stops and does not wait for it. */
  cut(): void;
}

/**
 * Requests on their way to the queue, in one heap with one timer: each is refused at its deadline, however much has
 * arrived, and a body slower than the minimum rate is refused. No request needs a timer of its own.
 */
export class Arrivals {
  /** Number of bodies that arrived too slowly. */
  tooSlow = 0;
  readonly #clock: Clock;
  /** Bytes that a body must bring in one window. */
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

  /** Its body is decoded, or the request has ended. */
  remove(arrival: Arrival): void {
    // The timer may now fire for nothing: that is cheaper than moving it for every request.
    this.#heap.remove(arrival);
  }

  /** Ends all requests whose bodies have not arrived completely. */
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
