/** Every state of a replica and where it may go from there. What is not in the table cannot happen. */
const TRANSITIONS = {
  starting: ['warming', 'draining', 'backoff', 'failed', 'stopped'],
  warming: ['ready', 'draining', 'backoff', 'failed', 'stopped'],
  ready: ['degraded', 'ejected', 'draining', 'backoff', 'failed'],
  degraded: ['ready', 'ejected', 'draining', 'backoff', 'failed'],
  ejected: ['ready', 'degraded', 'draining', 'backoff', 'failed'],
  draining: ['stopped'],
  backoff: ['starting', 'failed', 'stopped'],
  failed: ['starting', 'stopped'],
  stopped: ['starting'],
} as const satisfies Record<string, readonly string[]>;

export type ReplicaState = keyof typeof TRANSITIONS;

/** The three states of a replica that has started and was not told to leave: how well it does. */
export type HealthStatus = 'ready' | 'degraded' | 'ejected';

export const REPLICA_STATES = Object.keys(TRANSITIONS) as ReplicaState[];

/** Throws on a step that the table does not have: it would be a mistake of ours, not of the replica's. */
export function checkTransition(id: string, from: ReplicaState, to: ReplicaState): void {
  const allowed: readonly string[] = TRANSITIONS[from];
  if (!allowed.includes(to)) throw new Error(`replica ${id} cannot go from ${from} to ${to}`);
}

/** Whether the replica has started and was not told to leave. */
export function hasHealthStatus(state: ReplicaState): state is HealthStatus {
  return state === 'ready' || state === 'degraded' || state === 'ejected';
}
