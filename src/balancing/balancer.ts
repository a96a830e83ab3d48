import type { ReplicaId } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';
import { eligibleBut, type FleetView } from './eligible.ts';
import { isBetterToWait, type Waiting } from './slow-replica-guard.ts';
import type { Strategy } from './strategy.ts';

/** What a pick depends on. */
export interface Load extends Waiting {
  /** The only replica that may take it, in any state. */
  readonly pin: ReplicaId | undefined;
  /** The replica that failed at it before. */
  readonly avoid: ReplicaId | undefined;
  /** Whether a full batch may also wait inside a replica that is running its last one. */
  readonly mayQueueInReplica: boolean;
}

/** The fleet with the replicas that may take callers' work. */
export interface PickFacts extends FleetView {
  readonly now: number;
  readonly eligible: readonly ReplicaView[];
}

/** Narrows the replicas with a credit to those that may take the work; a strategy chooses among them. */
export class Balancer {
  readonly #strategy: Strategy;

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  /** undefined when no free replica may take it, or when it should wait. */
  pick(load: Load, facts: PickFacts): ReplicaView | undefined {
    if (load.pin !== undefined) return facts.free.find((replica) => replica.id === load.pin);
    const allowed = load.avoid === undefined ? facts.eligible : eligibleBut(load.avoid, facts);
    const idle = allowed.filter((replica) => replica.running === 0);
    let candidates = idle.length === 0 && load.mayQueueInReplica ? allowed : idle;
    // An avoided replica is not one to wait for.
    const hopes = load.avoid === undefined ? facts.all : facts.all.filter(({ id }) => id !== load.avoid);
    while (candidates.length > 0) {
      const picked = this.#strategy.pick(candidates, load);
      if (!isBetterToWait(picked, hopes, load, facts.now)) return picked;
      candidates = candidates.filter((candidate) => candidate !== picked);
    }
    return undefined;
  }
}
