import { SlidingWindow } from '../base/sliding-window.ts';
import type { ThrowFacts } from '../batching/bisect.ts';
import type { Outcome } from '../work/outcome.ts';
import type { RequestWork } from './request-work.ts';

const MINUTE_MS = 60_000;

/** What throwing has come to within the last minute. */
export class ThrowRecord {
  readonly #batches = new SlidingWindow(MINUTE_MS);
  readonly #bisectRuns = new SlidingWindow(MINUTE_MS);
  readonly #singles = new SlidingWindow(MINUTE_MS);
  readonly #singlesThrown = new SlidingWindow(MINUTE_MS);

  started({ reason }: RequestWork, now: number): void {
    this.#batches.add(now);
    if (reason === 'bisect') this.#bisectRuns.add(now);
  }

  ended({ members }: RequestWork, outcome: Outcome, now: number): void {
    if (members.length !== 1) return;
    this.#singles.add(now);
    if (outcome.kind === 'threw') this.#singlesThrown.add(now);
  }

  facts(now: number): ThrowFacts {
    return {
      batches: this.#batches.count(now),
      bisectRuns: this.#bisectRuns.count(now),
      singles: this.#singles.count(now),
      singlesThrown: this.#singlesThrown.count(now),
    };
  }
}
