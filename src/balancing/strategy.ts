import type { ReplicaView } from '../replica/roster.ts';
import type { LaneKey } from '../work/lane.ts';

/** What a replica is picked for. */
export interface PickedWork {
  readonly rows: number;
  readonly lane: LaneKey;
}

/** Picks one of several replicas that could all take the batch; never called with none. */
export interface Strategy {
  pick(candidates: readonly ReplicaView[], work: PickedWork): ReplicaView;
}
