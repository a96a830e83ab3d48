import type { Entry } from '../work/entry.ts';
import { RequestWork } from './request-work.ts';
import type { DispatchFacts, Work, WorkOffer, WorkSource } from './work-source.ts';

/** They have waited long enough: also behind a batch that still runs. */
const OFFER: WorkOffer = { kind: 'work', pin: undefined, mayQueueInReplica: true };

/** Batches whose replica was lost: they go ahead of new work, once, to another one. */
export class RetrySource implements WorkSource {
  #batches: (readonly Entry[])[] = [];
  #now = 0;

  add(members: readonly Entry[]): void {
    this.#batches.push(members);
  }

  get rows(): number {
    return this.#batches.flat().reduce((sum, member) => sum + (member.isSettled ? 0 : member.rows), 0);
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#batches.length === 0) return undefined;
    // Members may have left or passed their deadline since; a batch of nobody is no batch.
    this.#batches = this.#batches
      .map((members) => members.filter((member) => !member.isSettled))
      .filter((members) => members.length > 0);
    this.#now = facts.now;
    return this.#batches.length === 0 ? undefined : OFFER;
  }

  take(): Work {
    const members = this.#batches.shift();
    if (members === undefined) throw new Error('nothing to retry');
    return new RequestWork(members, 'retry', this.#now, (again) => this.add(again));
  }

  takeAll(): Entry[] {
    const all = this.#batches.flat();
    this.#batches = [];
    return all;
  }
}
