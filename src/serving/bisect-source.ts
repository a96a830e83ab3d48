import type { ReplicaId } from '../replica/replica.ts';
import type { Entry } from '../work/entry.ts';
import type { Recovery } from './recovery.ts';
import { RequestWork } from './request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from './work-source.ts';

/** Parts of batches that threw, depth first and ahead of new work, until the bad one stands alone. */
export class BisectSource implements RecoverySource {
  readonly #recovery: Recovery;
  readonly #parts: { readonly members: readonly Entry[]; readonly avoid: ReplicaId }[] = [];

  constructor(recovery: Recovery) {
    this.#recovery = recovery;
  }

  /** The first of the parts goes first, and all of them before whatever waits already. */
  add(parts: readonly (readonly Entry[])[], avoid: ReplicaId): void {
    this.#parts.push(...[...parts].reverse().map((members) => ({ members, avoid })));
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    for (let last = this.#parts.at(-1); last !== undefined; last = this.#parts.at(-1)) {
      const members = last.members.filter((member) => !member.isSettled);
      if (members.length > 0) {
        const { avoid } = last;
        const isAnyoneElse = facts.all.some(
          ({ id, standing }) => id !== avoid && (standing === 'ready' || standing === 'degraded'),
        );
        return offer({
          ...(isAnyoneElse ? { avoid } : {}),
          rows: members.reduce((sum, member) => sum + member.rows, 0),
          lane: members[0]?.lane ?? '',
          take: () => {
            this.#parts.pop();
            return new RequestWork(members, 'bisect', facts.now, this.#recovery);
          },
        });
      }
      this.#parts.pop();
    }
    return undefined;
  }

  list(): readonly Entry[] {
    return this.#parts.flatMap(({ members }) => members);
  }

  takeAll(): Entry[] {
    return this.#parts.splice(0).flatMap(({ members }) => members);
  }
}
