/** Every state of a replica and where it may go from there. What is not in the table cannot happen. */
const TRANSITIONS = {
  starting: ['warming', 'draining', 'backoff', 'failed', 'stopped'],
  warming: ['ready', 'draining', 'backoff', 'failed', 'stopped'],
  ready: ['draining', 'backoff', 'failed', 'stopped'],
  draining: ['stopped'],
  backoff: ['starting', 'stopped'],
  failed: ['stopped'],
  stopped: [],
} as const satisfies Record<string, readonly string[]>;

export type ReplicaState = keyof typeof TRANSITIONS;

export const REPLICA_STATES = Object.keys(TRANSITIONS) as ReplicaState[];

/** Throws on a step that the table does not have: it would be a mistake of ours, not of the replica's. */
export function checkTransition(id: string, from: ReplicaState, to: ReplicaState): void {
  const allowed: readonly string[] = TRANSITIONS[from];
  if (!allowed.includes(to)) throw new Error(`replica ${id} cannot go from ${from} to ${to}`);
}
