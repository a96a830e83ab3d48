import type { ReplicaView } from '../replica/roster.ts';
import { RoundRobin } from './round-robin.ts';
import type { PickedWork, Strategy } from './strategy.ts';

/** Predictions within this share are a tie, so that noise does not decide which replica gets all the work. */
const TIE_SHARE = 0.05;

/** Picks the replica with the earliest predicted end of the batch; ties take turns. */
export class LeastLatency implements Strategy {
  readonly #ties = new RoundRobin();

  pick(candidates: readonly ReplicaView[], { rows, lane }: PickedWork): ReplicaView {
    // Running batches must end first; the share of slow start makes a replica look slower.
    const doneInMs = ({ running, share, service }: ReplicaView) =>
      ((running + 1) * service.predictMs(rows, lane)) / share;
    const leastMs = Math.min(...candidates.map(doneInMs));
    return this.#ties.pick(
      candidates.filter((candidate) => doneInMs(candidate) <= leastMs * (1 + TIE_SHARE)),
    );
  }
}
