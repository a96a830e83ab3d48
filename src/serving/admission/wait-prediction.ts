import { SlidingWindow } from '../../base/sliding-window.ts';

/** What the wait of a newcomer is predicted from. */
export interface WaitFacts {
  readonly rows: number;
  /** Rows that go first, by priority and fairness. */
  readonly rowsAhead: number;
  /** Rows of a batch as they are planned. */
  readonly targetRows: number;
  /** What a batch of so many rows mostly takes. */
  readonly batchMs: (rows: number) => number;
  readonly replicas: number;
  /** Until the first replica is idle. */
  readonly idleInMs: number;
  readonly transportMs: number;
}

/** Time until a request that came now would be answered, in ms: full batches before its own, shared out over the replicas. */
export function predictedMs(facts: WaitFacts): number {
  const { rows, rowsAhead, targetRows, batchMs, replicas, idleInMs, transportMs } = facts;
  // Batches may turn out larger than planned: who might still make it is let in, and the batches sort out the rest.
  const batchesBefore = Math.max(0, Math.floor(rowsAhead / targetRows) - 1);
  const waitMs = idleInMs + (batchesBefore * batchMs(targetRows)) / replicas;
  return waitMs + batchMs(rows) + transportMs;
}

const SECOND_MS = 1_000;
const MEMORY_REQUESTS = 256;

/**
 * Predictions that refuse everybody are never proved wrong. So while most are refused, one a second goes all the same,
 * and shows what the truth is.
 */
export class ExplorationAdmission {
  readonly #asked = new SlidingWindow(SECOND_MS);
  readonly #refused = new SlidingWindow(SECOND_MS);
  /** Share of the last requests that were refused or dropped for want of time. */
  shedShare = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** A request whose wait was predicted. */
  asked(now: number): void {
    this.#asked.add(now);
    this.shedShare -= this.shedShare / MEMORY_REQUESTS;
  }

  refused(now: number): void {
    this.#refused.add(now);
    this.shedShare += 1 / MEMORY_REQUESTS;
  }

  /** Whether a request goes in spite of its prediction; it is the one of this second then. */
  take(now: number): boolean {
    if (now - this.#lastAt < SECOND_MS) return false;
    if (2 * this.#refused.count(now) <= this.#asked.count(now)) return false;
    this.#lastAt = now;
    return true;
  }
}
