import type { Standing } from '../replica/replica-state.ts';

/** What may be held against a replica. */
export type ComplaintCause =
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

export interface Complaint {
  readonly cause: ComplaintCause;
  /** `watch` makes it second choice, `down` takes it out. */
  readonly severity: 'watch' | 'down';
  readonly since: number;
  readonly detail: string;
}

/** What the verdict on a replica rests on beside the complaints. */
export interface StandingFacts {
  /** Replicas there should be. */
  readonly replicas: number;
  /** Whether one more may be ejected by opinion. */
  readonly mayEject: boolean;
  readonly now: Standing;
}

export interface Verdict {
  readonly standing: Standing;
  readonly reason: string;
}

/**
 * How well a replica does, from all that is held against it. An operator's word counts whatever it costs; opinions
 * never take out the only replica, nor too many at once.
 */
export function standingOf(complaints: readonly Complaint[], facts: StandingFacts): Verdict {
  const down = complaints.filter(({ severity }) => severity === 'down');
  const reason = [...down, ...complaints.filter(({ severity }) => severity === 'watch')]
    .map(({ detail }) => detail)
    .join('; ');
  const isOrdered = down.some(({ cause }) => cause === 'operator');
  if (isOrdered) return { standing: 'ejected', reason };
  if (down.length > 0) {
    const mayBeOut = facts.replicas > 1 && (facts.now === 'ejected' || facts.mayEject);
    return mayBeOut ? { standing: 'ejected', reason } : { standing: 'degraded', reason };
  }
  if (complaints.length > 0) return { standing: 'degraded', reason };
  return { standing: 'ready', reason: 'all checks pass' };
}
