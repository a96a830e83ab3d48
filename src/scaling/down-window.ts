/** The largest of the numbers of a sliding window, each at amortized constant cost. */
export class DownWindow {
  readonly #windowMs: number;
  /** Numbers that may become the largest: falling, the oldest first. */
  #entries: { readonly at: number; readonly value: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds a number and returns the largest that is not older than the window. */
  add(now: number, value: number): number {
    while ((this.#entries.at(-1)?.value ?? Number.POSITIVE_INFINITY) <= value) this.#entries.pop();
    this.#entries.push({ at: now, value });
    const first = this.#entries.findIndex(({ at }) => now - at <= this.#windowMs);
    if (first > 0) this.#entries = this.#entries.slice(first);
    return this.#entries[0]?.value ?? value;
  }

  /** When the largest number leaves the window, if no other is added; undefined when it is empty. */
  get fallsAt(): number | undefined {
    const [largest] = this.#entries;
    return largest === undefined ? undefined : largest.at + this.#windowMs;
  }
}
