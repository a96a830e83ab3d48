import type { Clock } from '../../base/clock.ts';

/** Answers that wait for a value, by the id of their request; bounded in number and in time. */
export class FeedbackIds {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #most: number;
  /** The oldest first. */
  readonly #waiting = new Map<string, { readonly variant: string; readonly until: number }>();

  constructor(clock: Clock, forMs: number, most: number) {
    this.#clock = clock;
    this.#forMs = forMs;
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether an answer with this id waits already. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  add(id: string, variant: string): void {
    const now = this.#clock.now();
    this.#waiting.delete(id);
    this.#waiting.set(id, { variant, until: now + this.#forMs });
    for (const [oldest, { until }] of this.#waiting) {
      if (until > now && this.#waiting.size <= this.#most) break;
      this.#waiting.delete(oldest);
    }
  }

  /** Keeps waiting for the values that another waits for. */
  takeOver(other: FeedbackIds): void {
    for (const [id, waiting] of other.#waiting) this.#waiting.set(id, waiting);
  }

  /** The variant that answered, once; undefined for an id that is unknown, too old or already reported. */
  take(id: string): string | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    return found === undefined || found.until <= this.#clock.now() ? undefined : found.variant;
  }
}
