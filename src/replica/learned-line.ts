/** Weight that older points keep at each new point: about the last fifty count. */
const MEMORY = 0.98;
/** Below this variance the sizes do not determine the slope. */
const ENOUGH_SPREAD = 0.25;

/** A line through (rows, ms) by exponentially weighted least squares; its cost of a row and its fixed cost are at least 0. */
export class LearnedLine {
  meanRows = 0;
  #weight = 0;
  #meanMs = 0;
  #spread = 0;
  #together = 0;
  #fixedMs = 0;
  /** undefined while all batches had one size. */
  #rowMs: number | undefined;

  /** Sizes have differed enough to tell the cost of a row. */
  get hasSlope(): boolean {
    return this.#rowMs !== undefined;
  }

  /** Cost of a row, in ms. */
  get rowMs(): number {
    return this.#rowMs ?? 0;
  }

  observe(rows: number, tookMs: number): void {
    this.#weight = MEMORY * this.#weight + 1;
    const offRows = rows - this.meanRows;
    this.meanRows += offRows / this.#weight;
    const offMs = tookMs - this.#meanMs;
    this.#meanMs += offMs / this.#weight;
    this.#spread = MEMORY * this.#spread + offRows * (rows - this.meanRows);
    this.#together = MEMORY * this.#together + offRows * (tookMs - this.#meanMs);
    // When sizes do not vary, only the fixed part is learned and the slope is kept.
    if (this.#spread > ENOUGH_SPREAD) this.#rowMs = Math.max(0, this.#together / this.#spread);
    this.#fixedMs = this.#meanMs - (this.#rowMs ?? 0) * this.meanRows;
    if (this.#fixedMs >= 0) return;
    const [x, y] = [this.meanRows, this.#meanMs];
    this.#fixedMs = 0;
    this.#rowMs = (this.#together + this.#weight * x * y) / (this.#spread + this.#weight * x * x);
  }

  /** Forgets nearly all, so that a few new points outweigh it. */
  doubt(): void {
    this.#weight = 1;
  }

  /** Time of a batch of so many rows, in ms. */
  at(rows: number): number {
    // A single size does not determine others: smaller batches are assumed to take as long, larger ones in proportion.
    if (this.#rowMs === undefined) return this.#meanMs * Math.max(1, rows / Math.max(1, this.meanRows));
    return this.#fixedMs + this.#rowMs * rows;
  }
}
