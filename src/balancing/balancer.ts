import type { ReplicaId } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';
import type { Strategy } from './strategy.ts';

/** What a pick depends on. */
export interface Load {
  /** The only replica that may take it, in whatever state. */
  readonly pin: ReplicaId | undefined;
  /** Full batches may also wait inside a replica that is still running its last one. */
  readonly mayQueueInReplica: boolean;
}

/** Narrows the replicas with a credit down to those that may take this work; a strategy chooses among them. */
export class Balancer {
  readonly #strategy: Strategy;

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  /** undefined when nobody free may take it. */
  pick(load: Load, free: readonly ReplicaView[]): ReplicaView | undefined {
    if (load.pin !== undefined) return free.find((replica) => replica.id === load.pin);
    const ready = free.filter((replica) => replica.isReady);
    const idle = ready.filter((replica) => replica.running === 0);
    const candidates = idle.length === 0 && load.mayQueueInReplica ? ready : idle;
    return candidates.length === 0 ? undefined : this.#strategy.pick(candidates);
  }
}
