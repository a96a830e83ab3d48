import type { Logger } from 'pino';
import { onMistake } from '../../base/mistake.ts';

/** Counts contained internal errors, and logs them with their stack. */
export class Mistakes {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();
  readonly #stop: () => void;

  constructor(log: Logger) {
    this.#log = log;
    this.#stop = onMistake(({ where, error }) => this.#count(where, error));
  }

  /** Number of errors by the place that contained them. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  stop(): void {
    this.#stop();
  }

  /** A repeated error is logged at growing intervals: the 1st, 2nd, 4th, 8th time. */
  #count(where: string, error: unknown): void {
    const times = (this.#counts.get(where) ?? 0) + 1;
    this.#counts.set(where, times);
    const isPowerOfTwo = (times & (times - 1)) === 0;
    if (isPowerOfTwo) this.#log.error({ where, times, err: error }, 'internal error contained');
  }
}
