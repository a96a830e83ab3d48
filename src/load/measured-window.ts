/** The stretch of a run over which rate and CPU share are taken: after the warm-up, before the last answers. */
export class MeasuredWindow {
  readonly #now: () => number;
  readonly #busyMs: () => number;
  #state: 'ahead' | 'open' | 'over' = 'ahead';
  #successes = 0;
  #elapsedMs = 0;
  #usedMs = 0;

  /** `busyMs` is CPU time put to use so far; only its growth counts. */
  constructor(now: () => number, busyMs: () => number) {
    this.#now = now;
    this.#busyMs = busyMs;
  }

  /** Idempotent, like `close`: whichever comes first, the timer or the first request, opens and closes it. */
  open(): void {
    if (this.#state !== 'ahead') return;
    this.#state = 'open';
    this.#elapsedMs = -this.#now();
    this.#usedMs = -this.#busyMs();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'over';
    this.#elapsedMs += this.#now();
    this.#usedMs += this.#busyMs();
  }

  succeeded(): void {
    if (this.#state === 'open') this.#successes += 1;
  }

  /** The window's share of a report, once it is closed. */
  summary() {
    const elapsedMs = Math.max(this.#elapsedMs, Number.MIN_VALUE);
    return {
      elapsedMs: this.#elapsedMs,
      ratePerSecond: (this.#successes * 1000) / elapsedMs,
      // Waiting is timed on the wall, so that being preempted while waiting could make this negative.
      cpuShare: Math.max(0, this.#usedMs / elapsedMs),
    };
  }
}
