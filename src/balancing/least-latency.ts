import type { ReplicaView } from '../replica/roster.ts';
import { RoundRobin } from './round-robin.ts';
import type { PickedWork, Strategy } from './strategy.ts';

/** Predictions that differ by less are a tie: noise must not decide who gets all the work. */
const TIE_SHARE = 0.05;

/** The one that should be done with the batch first, by what was learned of each; among equals, each in turn. */
export class LeastLatency implements Strategy {
  readonly #ties = new RoundRobin();

  pick(candidates: readonly ReplicaView[], { rows, lane }: PickedWork): ReplicaView {
    // What runs there already has to end first; the share of one that is eased in makes it look slower.
    const doneInMs = ({ running, share, service }: ReplicaView) =>
      ((running + 1) * service.predictMs(rows, lane)) / share;
    const leastMs = Math.min(...candidates.map(doneInMs));
    return this.#ties.pick(
      candidates.filter((candidate) => doneInMs(candidate) <= leastMs * (1 + TIE_SHARE)),
    );
  }
}
