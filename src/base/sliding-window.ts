const BUCKETS = 60;

/** Number of events in a sliding window, with a resolution of 1/60 of the window and constant cost. */
export class SlidingWindow {
  readonly #bucketMs: number;
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  /** The index of the time interval that each bucket counts. */
  readonly #intervals = new Array<number>(BUCKETS).fill(-1);

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(now: number, count = 1): void {
    const interval = Math.floor(now / this.#bucketMs);
    const bucket = interval % BUCKETS;
    if (this.#intervals[bucket] !== interval) {
      this.#intervals[bucket] = interval;
      this.#counts[bucket] = 0;
    }
    (this.#counts[bucket] as number) += count;
  }

  count(now: number): number {
    const oldest = Math.floor(now / this.#bucketMs) - BUCKETS;
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if ((this.#intervals[bucket] as number) > oldest) sum += this.#counts[bucket] as number;
    }
    return sum;
  }

  clear(): void {
    this.#intervals.fill(-1);
  }
}
