/** Sorting is done once in so many values. */
const SORT_EVERY = 16;
/** Early ones count at once. */
const SORT_FIRST = 20;

/** The last so many of a stream of numbers, and their quantiles. */
export class RecentValues {
  readonly #capacity: number;
  readonly #values: number[] = [];
  #count = 0;
  #sorted: readonly number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** All there ever were. */
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

  /** As of the last sorting; undefined before there was one. */
  quantile(share: number): number | undefined {
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.floor(share * this.#sorted.length))];
  }
}
