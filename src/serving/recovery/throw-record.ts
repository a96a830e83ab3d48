import { SlidingWindow } from '../../base/sliding-window.ts';
import type { ThrowFacts } from '../../batching/bisect.ts';
import type { Outcome } from '../../work/outcome.ts';
import type { Work } from '../dispatch/work-source.ts';

const MINUTE_MS = 60_000;
/** The share of fewer rows is not significant and counts as 0. */
const ENOUGH_ROWS = 100;

/** Statistics of batches that threw within the last minute. */
export class ThrowRecord {
  readonly #batches = new SlidingWindow(MINUTE_MS);
  readonly #bisectRuns = new SlidingWindow(MINUTE_MS);
  readonly #passed = new SlidingWindow(MINUTE_MS);
  readonly #failed = new SlidingWindow(MINUTE_MS);
  readonly #rows = new SlidingWindow(MINUTE_MS);
  #hasThrown = false;

  started({ reason }: Work, now: number): void {
    this.#batches.add(now);
    if (reason === 'bisect') this.#bisectRuns.add(now);
  }

  ended({ members, rows, reason }: Work, outcome: Outcome, now: number): void {
    if (outcome.kind === 'threw') {
      this.#hasThrown = true;
      if (members.length === 1) this.#failed.add(now);
      return;
    }
    if (outcome.kind !== 'done') return;
    this.#rows.add(now, rows);
    if (reason === 'bisect') this.#passed.add(now, members.length);
  }

  facts(now: number): ThrowFacts {
    return {
      batches: this.#batches.count(now),
      bisectRuns: this.#bisectRuns.count(now),
      passed: this.#passed.count(now),
      failed: this.#failed.count(now),
    };
  }

  /** Share of rows that throw in any batch. Costs nothing while no batch has thrown. */
  badShare(now: number): number {
    if (!this.#hasThrown) return 0;
    const failed = this.#failed.count(now);
    const rows = this.#rows.count(now) + failed;
    if (failed === 0) this.#hasThrown = false;
    return rows < ENOUGH_ROWS ? 0 : failed / rows;
  }
}
