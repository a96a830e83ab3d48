import { eligibleBut } from '../../balancing/eligible.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { ReplicaView } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import { RequestWork, type RequestWorkOwner } from '../dispatch/request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from '../dispatch/work-source.ts';

interface Part {
  members: readonly Entry[];
  /** The replica on which they threw as one batch. */
  readonly avoid: ReplicaId;
}

/**
 * Parts of batches that threw, depth first and ahead of new work, until the failing request is alone. Both halves run
 * at once when replicas are free, preferably not on the replica that threw: if that replica is the fault, another one
 * answers them. A single request runs on a replica where it has not failed yet, so that one more run is conclusive.
 */
export class BisectSource implements RecoverySource {
  readonly #owner: RequestWorkOwner;
  #parts: Part[] = [];

  constructor(owner: RequestWorkOwner) {
    this.#owner = owner;
  }

  /** Adds parts ahead of the waiting ones; the first of them runs first. */
  add(parts: readonly (readonly Entry[])[], avoid: ReplicaId): void {
    this.#parts.push(...[...parts].reverse().map((members) => ({ members, avoid })));
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#parts.length === 0) return undefined;
    for (const part of this.#parts) part.members = part.members.filter((member) => !member.isSettled);
    this.#parts = this.#parts.filter(({ members }) => members.length > 0);
    for (const part of this.#parts.toReversed()) {
      const avoid = avoided(part, facts);
      if (hasIdleBut(avoid, facts)) return this.#offer(part, avoid, facts);
    }
    return undefined;
  }

  list(): readonly Entry[] {
    return this.#parts.flatMap(({ members }) => members);
  }

  takeAll(): Entry[] {
    return this.#parts.splice(0).flatMap(({ members }) => members);
  }

  #offer(part: Part, avoid: ReplicaId | undefined, facts: DispatchFacts): WorkOffer {
    const { members } = part;
    return offer({
      avoid,
      rows: members.reduce((sum, member) => sum + member.rows, 0),
      lane: members[0]?.lane ?? '',
      take: () => {
        this.#parts = this.#parts.filter((other) => other !== part);
        return new RequestWork(members, 'bisect', { now: facts.now, owner: this.#owner });
      },
    });
  }
}

/** The replica on which a part should not run now; undefined when any is allowed. */
function avoided({ members, avoid }: Part, facts: DispatchFacts): ReplicaId | undefined {
  const [one, ...others] = members;
  if (one === undefined || others.length > 0) {
    const elsewhere = facts.all.filter(
      ({ id, healthStatus }) => id !== avoid && mayServe(healthStatus),
    ).length;
    // With two replicas each gets one half; with more, the replica that threw is avoided.
    const isPair = elsewhere === 1 && !hasIdleBut(avoid, facts);
    return elsewhere === 0 || isPair ? undefined : avoid;
  }
  if (one.alsoFailedAt !== undefined) return undefined;
  const hasOther = facts.all.some(({ id, healthStatus }) => id !== one.failedAt && mayServe(healthStatus));
  return hasOther ? one.failedAt : undefined;
}

function hasIdleBut(avoid: ReplicaId | undefined, facts: DispatchFacts): boolean {
  return eligibleBut(avoid, facts).some(({ running }) => running === 0);
}

function mayServe(healthStatus: ReplicaView['healthStatus']): boolean {
  return healthStatus === 'ready' || healthStatus === 'degraded';
}
