import type { Reason, Refusal } from '../base/errors.ts';

/** Why an attempt failed, in one word for the caller; undefined where another target would not help. */
export type FailureCause = 'error' | 'not-ready' | 'overload' | 'deadline' | 'lost';

const CAUSES: Partial<Record<Reason, FailureCause>> = {
  MODEL_UNKNOWN: 'not-ready',
  VERSION_UNKNOWN: 'not-ready',
  MODEL_STARTING: 'not-ready',
  MODEL_FAILED: 'not-ready',
  DRAINING: 'not-ready',
  INTERNAL: 'error',
  MODEL_ERROR: 'error',
  BAD_OUTPUT: 'error',
  QUEUE_FULL: 'overload',
  CLASS_SHED: 'overload',
  DISPLACED: 'overload',
  PREDICTED_LATE: 'deadline',
  DROPPED_LATE: 'deadline',
  DEADLINE_QUEUED: 'deadline',
  DEADLINE_RUNNING: 'deadline',
  REPLICA_LOST: 'lost',
};

/** Whether another target may answer instead: a request that is itself wrong is refused by all of them. */
export function failureCause({ reason }: Refusal): FailureCause | undefined {
  return CAUSES[reason];
}

/** Less time than this is not shared with a further attempt, in ms: it would end both. */
const LEAST_SHARED_MS = 2;

/** The deadline of an attempt: while the chain has a further target, a share of the time is kept for it. */
export function attemptDeadline(now: number, deadline: number, share: number, hasNext: boolean): number {
  const leftMs = deadline - now;
  return hasNext && leftMs > LEAST_SHARED_MS ? now + leftMs * share : deadline;
}
