/** The part of a run in which rate and CPU share are measured: after the warmup, before the last answers. */
export class MeasuredWindow {
  readonly #now: () => number;
  readonly #busyMs: () => number;
  #state: 'ahead' | 'open' | 'over' = 'ahead';
  #successes = 0;
  #elapsedMs = 0;
  #usedMs = 0;

  /** `busyMs` returns the CPU time used for work so far; only its difference counts. */
  constructor(now: () => number, busyMs: () => number) {
    this.#now = now;
    this.#busyMs = busyMs;
  }

  /** Idempotent, like `close`, because a timer or a request calls it, whichever comes first. */
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

  /** The part of the report about the window, once it is closed. */
  summary() {
    const elapsedMs = Math.max(this.#elapsedMs, Number.MIN_VALUE);
    return {
      elapsedMs: this.#elapsedMs,
      ratePerSecond: (this.#successes * 1000) / elapsedMs,
      // Waiting is wall time, so preemption while waiting could make the difference negative.
      cpuShare: Math.max(0, this.#usedMs / elapsedMs),
    };
  }
}
