const SECOND_MS = 1_000;

/** Lets so many lines through within a second, and says how many were left out before the next one. */
export class LineLimit {
  readonly #maxPerSecond: number;
  readonly #now: () => number;
  readonly #onLine: (line: string) => void;
  #secondSince = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(maxPerSecond: number, now: () => number, onLine: (line: string) => void) {
    this.#maxPerSecond = maxPerSecond;
    this.#now = now;
    this.#onLine = onLine;
  }

  line(line: string): void {
    const now = this.#now();
    if (now - this.#secondSince >= SECOND_MS) {
      this.end();
      this.#secondSince = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= this.#maxPerSecond) this.#onLine(line);
    else this.#leftOut += 1;
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#leftOut === 0) return;
    this.#onLine(
      `(${this.#leftOut} more lines were left out: no more than ${this.#maxPerSecond} a second are logged)`,
    );
    this.#leftOut = 0;
  }
}
