import type { ReplicaView } from '../replica/roster.ts';

/** Picks one of several replicas that could all take the batch; never called with none. */
export interface Strategy {
  pick(candidates: readonly ReplicaView[]): ReplicaView;
}
