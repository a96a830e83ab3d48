import type { HealthStatus } from '../replica/replica-state.ts';

/** What may be held against a replica. */
export type ConditionCause =
  /** It failed the checks of readiness. */
  | 'readiness'
  /** It answered the golden input with other numbers than it used to. */
  | 'golden'
  /** Too many batches in a row failed there. */
  | 'errors'
  /** It fails more often than the others. */
  | 'outlier'
  /** It takes far longer than the others. */
  | 'slow'
  | 'memory'
  /** An operator wants it out. */
  | 'operator';

export interface Condition {
  readonly cause: ConditionCause;
  /** `watch` makes it second choice, `down` takes it out. */
  readonly severity: 'watch' | 'down';
  readonly since: number;
  readonly detail: string;
}

/** What the result on a replica rests on beside the conditions. */
export interface HealthFacts {
  /** Replicas there should be. */
  readonly replicas: number;
  /** Whether one more may be ejected by opinion. */
  readonly mayEject: boolean;
  readonly now: HealthStatus;
}

export interface HealthEvaluation {
  readonly healthStatus: HealthStatus;
  readonly reason: string;
}

/**
 * How well a replica does, from all that is held against it. An operator's word counts whatever it costs; opinions
 * never take out the only replica, nor too many at once.
 */
export function evaluateHealth(conditions: readonly Condition[], facts: HealthFacts): HealthEvaluation {
  const down = conditions.filter(({ severity }) => severity === 'down');
  const reason = [...down, ...conditions.filter(({ severity }) => severity === 'watch')]
    .map(({ detail }) => detail)
    .join('; ');
  const isOrdered = down.some(({ cause }) => cause === 'operator');
  if (isOrdered) return { healthStatus: 'ejected', reason };
  if (down.length > 0) {
    const mayBeOut = facts.replicas > 1 && (facts.now === 'ejected' || facts.mayEject);
    return mayBeOut ? { healthStatus: 'ejected', reason } : { healthStatus: 'degraded', reason };
  }
  if (conditions.length > 0) return { healthStatus: 'degraded', reason };
  return { healthStatus: 'ready', reason: 'all checks pass' };
}
