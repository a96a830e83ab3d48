import type { Clock, Timer } from '../../base/clock.ts';

const SECOND_MS = 1_000;

/** Passes a bounded number of lines per second, and then reports how many were dropped. */
export class LineLimit {
  readonly #maxPerSecond: number;
  readonly #clock: Clock;
  readonly #onLine: (line: string) => void;
  #secondSince = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;
  #alarm: Timer | undefined;

  constructor(maxPerSecond: number, clock: Clock, onLine: (line: string) => void) {
    this.#maxPerSecond = maxPerSecond;
    this.#clock = clock;
    this.#onLine = onLine;
  }

  line(line: string): void {
    const now = this.#clock.now();
    if (now - this.#secondSince >= SECOND_MS) {
      this.end();
      this.#secondSince = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= this.#maxPerSecond) this.#onLine(line);
    else this.#leaveOut();
  }

  /** The stream has ended. */
  end(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (this.#leftOut === 0) return;
    this.#onLine(`(${this.#leftOut} more lines dropped; process.maxLinesPerSecond is ${this.#maxPerSecond})`);
    this.#leftOut = 0;
  }

  #leaveOut(): void {
    this.#leftOut += 1;
    this.#alarm ??= this.#clock.at(this.#secondSince + SECOND_MS, () => this.end());
  }
}
