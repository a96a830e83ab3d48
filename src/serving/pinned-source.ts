import type { ReplicaId } from '../replica/replica.ts';
import type { DispatchFacts, Work, WorkOffer, WorkSource } from './work-source.ts';

interface PinnedWork {
  readonly pin: ReplicaId;
  readonly work: Work;
}

/** Work for one certain replica in whatever state, such as practice runs before it is ready. */
export class PinnedSource implements WorkSource {
  #waiting: PinnedWork[] = [];
  #chosen: PinnedWork | undefined;

  add(pin: ReplicaId, work: Work): void {
    this.#waiting.push({ pin, work });
  }

  /** Forgets what waits for a replica that is gone. */
  drop(pin: ReplicaId): void {
    this.#waiting = this.#waiting.filter((pinned) => pinned.pin !== pin);
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    this.#chosen = this.#waiting.find(({ pin }) => facts.free.some((replica) => replica.id === pin));
    return this.#chosen && { kind: 'work', pin: this.#chosen.pin, mayQueueInReplica: true };
  }

  take(): Work {
    const chosen = this.#chosen;
    if (chosen === undefined) throw new Error('no pinned work was chosen');
    this.#waiting = this.#waiting.filter((pinned) => pinned !== chosen);
    return chosen.work;
  }
}
