import { SlidingWindow } from '../../base/sliding-window.ts';

/** Inputs of the prediction of a wait. */
export interface WaitFacts {
  readonly rows: number;
  /** Rows that go first, by priority and fairness. */
  readonly rowsAhead: number;
  /** Rows of a batch as planned. */
  readonly targetRows: number;
  /** Usual service time of a batch of so many rows, in ms. */
  readonly batchMs: (rows: number) => number;
  readonly replicas: number;
  /** Time until the first replica is idle, in ms. */
  readonly idleInMs: number;
  readonly transportMs: number;
  /** Time that the plan leaves free, in ms. */
  readonly marginMs: number;
}

/** Time until a request that arrives now is answered, in ms: full batches before its own, divided over the replicas. */
export function predictedMs(facts: WaitFacts): number {
  const { rows, rowsAhead, targetRows, batchMs, replicas, idleInMs, transportMs, marginMs } = facts;
  // Batches may turn out larger than planned: a request that may still be in time is admitted; batching decides later.
  const batchesBefore = Math.max(0, Math.floor(rowsAhead / targetRows) - 1);
  const waitMs = idleInMs + (batchesBefore * batchMs(targetRows)) / replicas;
  return waitMs + batchMs(rows) + transportMs + marginMs;
}

const SECOND_MS = 1_000;
const MEMORY_REQUESTS = 256;

/**
 * Predictions that refuse every request are never disproved. So while most are refused, one a second is admitted
 * regardless, and its answer corrects the prediction.
 */
export class ExplorationAdmission {
  readonly #asked = new SlidingWindow(SECOND_MS);
  readonly #refused = new SlidingWindow(SECOND_MS);
  /** Share of recent requests that were refused or dropped for want of time. */
  shedShare = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** Counts a request whose wait was predicted. */
  asked(now: number): void {
    this.#asked.add(now);
    this.shedShare -= this.shedShare / MEMORY_REQUESTS;
  }

  refused(now: number): void {
    this.#refused.add(now);
    this.shedShare += 1 / MEMORY_REQUESTS;
  }

  /** Whether a request is admitted regardless of its prediction; it is then the one of this second. */
  take(now: number): boolean {
    if (!this.isDue(now)) return false;
    this.#lastAt = now;
    return true;
  }

  /** Whether the next request may be it. */
  isDue(now: number): boolean {
    return now - this.#lastAt >= SECOND_MS && 2 * this.#refused.count(now) > this.#asked.count(now);
  }
}
