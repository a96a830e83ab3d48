import { SlidingWindow } from '../base/sliding-window.ts';
import type { ThrowFacts } from '../batching/bisect.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { Outcome } from '../work/outcome.ts';
import type { RequestWork } from './request-work.ts';

const MINUTE_MS = 60_000;
/** A share of fewer rows says little. */
const ENOUGH_ROWS = 100;

/** What throwing has come to within the last minute. */
export class ThrowRecord {
  readonly #batches = new SlidingWindow(MINUTE_MS);
  readonly #bisectRuns = new SlidingWindow(MINUTE_MS);
  readonly #innocent = new SlidingWindow(MINUTE_MS);
  readonly #guilty = new SlidingWindow(MINUTE_MS);
  readonly #rows = new SlidingWindow(MINUTE_MS);
  /** Batches in a row that threw at a replica. */
  readonly #inARow = new Map<ReplicaId, number>();
  #hasThrown = false;

  started({ reason }: RequestWork, now: number): void {
    this.#batches.add(now);
    if (reason === 'bisect') this.#bisectRuns.add(now);
  }

  ended({ members, rows, reason, replicaId }: RequestWork, outcome: Outcome, now: number): void {
    if (outcome.kind === 'threw') this.#inARow.set(replicaId, this.inARow(replicaId) + 1);
    else if (this.#inARow.size > 0) this.#inARow.delete(replicaId);
    if (outcome.kind === 'threw') {
      this.#hasThrown = true;
      if (members.length === 1) this.#guilty.add(now);
      return;
    }
    if (outcome.kind !== 'done') return;
    this.#rows.add(now, rows);
    if (reason === 'bisect') this.#innocent.add(now, members.length);
  }

  /** How many batches have thrown at a replica since it last did anything else. */
  inARow(replica: ReplicaId): number {
    return this.#inARow.get(replica) ?? 0;
  }

  facts(now: number): ThrowFacts {
    return {
      batches: this.#batches.count(now),
      bisectRuns: this.#bisectRuns.count(now),
      innocent: this.#innocent.count(now),
      guilty: this.#guilty.count(now),
    };
  }

  /** Share of rows that throw whatever batch they are in. Costs nothing while nothing has thrown. */
  badShare(now: number): number {
    if (!this.#hasThrown) return 0;
    const guilty = this.#guilty.count(now);
    const rows = this.#rows.count(now) + guilty;
    if (guilty === 0) this.#hasThrown = false;
    return rows < ENOUGH_ROWS ? 0 : guilty / rows;
  }
}
