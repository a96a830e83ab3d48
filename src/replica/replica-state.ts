/** The states of a replica and the allowed transitions. */
const TRANSITIONS = {
  waiting: ['starting', 'stopped'],
  starting: ['warming', 'draining', 'backoff', 'failed', 'stopped'],
  warming: ['ready', 'draining', 'backoff', 'failed', 'stopped'],
  ready: ['degraded', 'ejected', 'draining', 'backoff', 'failed'],
  degraded: ['ready', 'ejected', 'draining', 'backoff', 'failed'],
  ejected: ['ready', 'degraded', 'draining', 'backoff', 'failed'],
  draining: ['stopped'],
  backoff: ['waiting', 'starting', 'failed', 'stopped'],
  failed: ['waiting', 'starting', 'stopped'],
  stopped: ['waiting', 'starting'],
} as const satisfies Record<string, readonly string[]>;

export type ReplicaState = keyof typeof TRANSITIONS;

/** The states of a replica that has started and was not told to drain. */
export type HealthStatus = 'ready' | 'degraded' | 'ejected';

export const REPLICA_STATES = Object.keys(TRANSITIONS) as ReplicaState[];

/** Throws on a transition that is not in the table, which is a bug of the server. */
export function checkTransition(id: string, from: ReplicaState, to: ReplicaState): void {
  const allowed: readonly string[] = TRANSITIONS[from];
  if (!allowed.includes(to)) throw new Error(`replica ${id} cannot go from ${from} to ${to}`);
}

/** Whether the replica has started and was not told to drain. */
export function hasHealthStatus(state: ReplicaState): state is HealthStatus {
  return state === 'ready' || state === 'degraded' || state === 'ejected';
}
