import type { ReplicaState } from '../../replica/replica-state.ts';
import type { Roster } from '../../replica/roster.ts';
import type { ReplicaSlot } from './replica-slot.ts';

/** What decides which of several replicas is kept when fewer are wanted. */
export interface KeepFacts {
  readonly state: ReplicaState;
  /** Batches that it runs. */
  readonly running: number;
  readonly index: number;
}

/** Replicas that do not serve go first, then ejected ones, then those that serve badly. */
const WORTH: Readonly<Record<ReplicaState, number>> = {
  stopped: 0,
  failed: 0,
  draining: 0,
  backoff: 1,
  waiting: 2,
  starting: 3,
  warming: 4,
  ejected: 5,
  degraded: 6,
  ready: 7,
};

/** Sorts those first that are kept longest: ready ones, the busiest of them, the lowest numbers. */
export function keepOrder(a: KeepFacts, b: KeepFacts): number {
  return WORTH[b.state] - WORTH[a.state] || b.running - a.running || a.index - b.index;
}

/** Slots, those first that are kept longest. */
export function inKeepOrder(slots: readonly ReplicaSlot[], roster: Roster): ReplicaSlot[] {
  const factsOf = ({ id, state, index }: ReplicaSlot) => {
    return { state, index, running: roster.view(id)?.running ?? 0 };
  };
  return [...slots].sort((a, b) => keepOrder(factsOf(a), factsOf(b)));
}
