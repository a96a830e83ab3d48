import type { HealthStatus } from '../replica/replica-state.ts';

/** Causes of a condition. */
export type ConditionCause =
  /** Readiness checks failed. */
  | 'readiness'
  /** The answer to the golden input has changed. */
  | 'golden'
  /** Too many batches in a row failed. */
  | 'errors'
  /** It fails more often than the other replicas. */
  | 'outlier'
  /** It takes far longer than the other replicas. */
  | 'slow'
  | 'memory'
  /** An operator ejected it. */
  | 'operator';

export interface Condition {
  readonly cause: ConditionCause;
  /** `watch` degrades the replica, `down` ejects it. */
  readonly severity: 'watch' | 'down';
  readonly since: number;
  readonly detail: string;
}

/** What the health status depends on apart from the conditions. */
export interface HealthFacts {
  /** The configured number of replicas. */
  readonly replicas: number;
  /** Whether one more replica may be ejected without an operator. */
  readonly mayEject: boolean;
  readonly now: HealthStatus;
}

export interface HealthEvaluation {
  readonly healthStatus: HealthStatus;
  readonly reason: string;
}

/**
 * Derives a replica's health status from its conditions. An operator's condition always ejects; others never eject
 * the only replica, nor too many at once.
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
