import type { ReplicaId } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';
import type { Strategy } from './strategy.ts';

/**
 * Smooth weighted round robin: shares follow the weights, and the picks of one replica are spread out
 * (5, 1, 1 gives a a b a c a a).
 */
export class Weighted implements Strategy {
  readonly #credit = new Map<ReplicaId, number>();

  pick(candidates: readonly ReplicaView[]): ReplicaView {
    let best = candidates[0] as ReplicaView;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const candidate of candidates) {
      const credit = (this.#credit.get(candidate.id) ?? 0) + candidate.weight;
      this.#credit.set(candidate.id, credit);
      total += candidate.weight;
      if (credit > bestCredit) {
        best = candidate;
        bestCredit = credit;
      }
    }
    this.#credit.set(best.id, bestCredit - total);
    return best;
  }
}
