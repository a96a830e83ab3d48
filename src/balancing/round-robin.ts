import type { ReplicaView } from '../replica/roster.ts';
import type { Strategy } from './strategy.ts';

/** Picks in turn. The cursor is a position, so it survives changes of the fleet. */
export class RoundRobin implements Strategy {
  #lastIndex: number;

  constructor(startIndex = 0) {
    this.#lastIndex = startIndex - 1;
  }

  pick(candidates: readonly ReplicaView[]): ReplicaView {
    const next =
      candidates.find((candidate) => candidate.index > this.#lastIndex) ?? (candidates[0] as ReplicaView);
    this.#lastIndex = next.index;
    return next;
  }
}
