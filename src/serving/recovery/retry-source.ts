import { eligibleBut } from '../../balancing/eligible.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Entry } from '../../work/entry.ts';
import { RequestWork, type RequestWorkOwner } from '../dispatch/request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from '../dispatch/work-source.ts';

interface Again {
  readonly members: readonly Entry[];
  readonly avoid: ReplicaId | undefined;
}

/** Batches that run again, ahead of new work: their replica was lost, or another replica must confirm the result. */
export class RetrySource implements RecoverySource {
  readonly #owner: RequestWorkOwner;
  readonly #mayRetryNow: () => boolean;
  #batches: Again[] = [];

  /** `mayRetryNow` tells whether the retry budget allows one more retry. */
  constructor(owner: RequestWorkOwner, mayRetryNow: () => boolean) {
    this.#owner = owner;
    this.#mayRetryNow = mayRetryNow;
  }

  /** Number of waiting batches. */
  get waiting(): number {
    return this.#batches.length;
  }

  add(members: readonly Entry[], avoid?: ReplicaId): void {
    this.#batches.push({ members, avoid });
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#batches.length === 0) return undefined;
    // Members may have been settled since, because the caller left or the deadline passed; empty batches are removed.
    this.#batches = this.#batches
      .map((again) => ({ ...again, members: again.members.filter((member) => !member.isSettled) }))
      .filter(({ members }) => members.length > 0);
    if (!this.#mayRetryNow()) return undefined;
    const canGo = ({ avoid }: Again) => eligibleBut(avoid, facts).length > 0;
    const next = this.#batches.find(canGo);
    if (next === undefined) return undefined;
    return offer({
      rows: next.members.reduce((sum, member) => sum + member.rows, 0),
      lane: next.members[0]?.lane ?? '',
      avoid: next.avoid,
      // Retries have waited already, so they may also queue behind a running batch.
      mayQueueInReplica: true,
      take: () => {
        this.#batches = this.#batches.filter((other) => other !== next);
        return new RequestWork(next.members, 'retry', { now: facts.now, owner: this.#owner });
      },
    });
  }

  list(): readonly Entry[] {
    return this.#batches.flatMap(({ members }) => members);
  }

  takeAll(): Entry[] {
    return this.#batches.splice(0).flatMap(({ members }) => members);
  }
}
