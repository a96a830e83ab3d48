import { eligibleBut } from '../../balancing/eligible.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Entry } from '../../work/entry.ts';
import { RequestWork, type RequestWorkOwner } from '../dispatch/request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from '../dispatch/work-source.ts';

interface Again {
  readonly members: readonly Entry[];
  readonly avoid: ReplicaId | undefined;
}

/** Batches that go a second time, ahead of new work: their replica was lost, or another one is to be asked. */
export class RetrySource implements RecoverySource {
  readonly #owner: RequestWorkOwner;
  readonly #mayRetryNow: () => boolean;
  #batches: Again[] = [];

  /** `mayRetryNow` tells whether the budget leaves room for one more second try. */
  constructor(owner: RequestWorkOwner, mayRetryNow: () => boolean) {
    this.#owner = owner;
    this.#mayRetryNow = mayRetryNow;
  }

  /** Second tries that wait. */
  get waiting(): number {
    return this.#batches.length;
  }

  add(members: readonly Entry[], avoid?: ReplicaId): void {
    this.#batches.push({ members, avoid });
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#batches.length === 0) return undefined;
    // Members may have left or passed their deadline since; a batch of nobody is no batch.
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
      // They have waited long enough: also behind a batch that still runs.
      mayQueueInReplica: true,
      take: () => {
        this.#batches = this.#batches.filter((other) => other !== next);
        return new RequestWork(next.members, 'retry', facts.now, this.#owner);
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
