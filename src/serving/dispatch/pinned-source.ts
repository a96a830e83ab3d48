import type { ReplicaId } from '../../replica/replica.ts';
import { type DispatchFacts, offer, type Work, type WorkOffer, type WorkSource } from './work-source.ts';

interface PinnedWork {
  readonly pin: ReplicaId;
  readonly work: Work;
}

/** Work for one particular replica in any state: warmup runs before it is ready, checks afterwards. */
export class PinnedSource implements WorkSource {
  #waiting: PinnedWork[] = [];

  add(pin: ReplicaId, work: Work): void {
    this.#waiting.push({ pin, work });
  }

  /** Discards the waiting work of a replica that is lost, or must get no more. */
  drop(pin: ReplicaId): void {
    this.#waiting = this.#waiting.filter((pinned) => pinned.pin !== pin);
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#waiting.length === 0) return undefined;
    const chosen = this.#waiting.find(({ pin }) => facts.free.some((replica) => replica.id === pin));
    if (chosen === undefined) return undefined;
    return offer({
      rows: chosen.work.rows,
      lane: chosen.work.lane,
      pin: chosen.pin,
      mayQueueInReplica: true,
      take: () => {
        this.#waiting = this.#waiting.filter((pinned) => pinned !== chosen);
        return chosen.work;
      },
    });
  }
}
