import type { ReplicaView } from '../replica/roster.ts';
import { RoundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';

/** Picks the replica with the fewest batches for its weight; equals take turns. */
export class LeastConnections implements Strategy {
  readonly #ties = new RoundRobin();

  pick(candidates: readonly ReplicaView[]): ReplicaView {
    const least = Math.min(...candidates.map(load));
    return this.#ties.pick(candidates.filter((candidate) => load(candidate) === least));
  }
}

function load(candidate: ReplicaView): number {
  return (candidate.running + 1) / candidate.weight;
}
