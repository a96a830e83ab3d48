const BUCKETS = 60;

/** How often something has happened lately, to a sixtieth of the window: counting costs the same however often. */
export class SlidingWindow {
  readonly #bucketMs: number;
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  /** Which stretch of time each bucket holds. */
  readonly #stretches = new Array<number>(BUCKETS).fill(-1);

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(now: number, count = 1): void {
    const stretch = Math.floor(now / this.#bucketMs);
    const bucket = stretch % BUCKETS;
    if (this.#stretches[bucket] !== stretch) {
      this.#stretches[bucket] = stretch;
      this.#counts[bucket] = 0;
    }
    (this.#counts[bucket] as number) += count;
  }

  count(now: number): number {
    const oldest = Math.floor(now / this.#bucketMs) - BUCKETS;
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if ((this.#stretches[bucket] as number) > oldest) sum += this.#counts[bucket] as number;
    }
    return sum;
  }

  clear(): void {
    this.#stretches.fill(-1);
  }
}
