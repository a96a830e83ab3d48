/** Number of values between two sorts. */
const SORT_EVERY = 16;
/** An additional early sort, so that the first values count soon. */
const SORT_FIRST = 20;

/** The last `capacity` numbers of a stream, and their quantiles. */
export class RecentValues {
  readonly #capacity: number;
  readonly #values: number[] = [];
  #count = 0;
  #sorted: readonly number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of all values ever added. */
  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#values[this.#count % this.#capacity] = value;
    this.#count += 1;
    if (this.#count % SORT_EVERY === 0 || this.#count === SORT_FIRST) {
      this.#sorted = [...this.#values].sort((a, b) => a - b);
    }
  }

  /** As of the last sort; undefined before the first one. */
  quantile(share: number): number | undefined {
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.floor(share * this.#sorted.length))];
  }

  /** The share of the values that are at most `bound`, as of the last sort; 1 before the first one. */
  shareUpTo(bound: number): number {
    const sorted = this.#sorted;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) <= bound) low = middle + 1;
      else high = middle;
    }
    return sorted.length === 0 ? 1 : low / sorted.length;
  }
}
