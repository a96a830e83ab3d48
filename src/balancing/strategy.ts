import type { ReplicaView } from '../replica/roster.ts';
import type { LaneKey } from '../work/lane.ts';

/** The work a replica is picked for. */
export interface PickedWork {
  readonly rows: number;
  readonly lane: LaneKey;
}

/** Picks one of the candidates, each of which can take the batch; never called with none. */
export interface Strategy {
  pick(candidates: readonly ReplicaView[], work: PickedWork): ReplicaView;
}
