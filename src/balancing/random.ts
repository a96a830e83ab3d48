import type { Random } from '../base/random.ts';
import type { ReplicaView } from '../replica/roster.ts';
import type { Strategy } from './strategy.ts';

/** Picks at random, in proportion to the weights. */
export class RandomPick implements Strategy {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(candidates: readonly ReplicaView[]): ReplicaView {
    let left = this.#random.unit() * candidates.reduce((sum, candidate) => sum + candidate.weight, 0);
    for (const candidate of candidates) {
      left -= candidate.weight;
      if (left < 0) return candidate;
    }
    return candidates[candidates.length - 1] as ReplicaView;
  }
}
