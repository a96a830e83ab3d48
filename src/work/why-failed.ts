import { type Reason, type Refusal, refuse } from '../base/errors.ts';

/** Reasons that mean the same for a request as for a call that it is part of: overload, lateness, an input that is refused. */
const KEPT: ReadonlySet<Reason> = new Set([
  ...(['MODEL_STARTING', 'MODEL_FAILED', 'REPLICA_LOST', 'DRAINING', 'CANCELLED', 'INTERNAL'] as const),
  ...([
    'QUEUE_FULL',
    'CLASS_SHED',
    'DISPLACED',
    'PREDICTED_LATE',
    'DROPPED_LATE',
    'BODIES_IN_FLIGHT',
  ] as const),
  ...(['DEADLINE_ARRIVING', 'DEADLINE_QUEUED', 'DEADLINE_RUNNING', 'POISON_INPUT', 'DENIED_INPUT'] as const),
]);

/**
 * Why a request fails when a call that its model needs is refused. What the calling model has done wrong is an error of this
 * model: it made the inputs, not the client.
 */
export function whyFailed({ reason, message, retryAfterMs }: Refusal): Refusal {
  const isGone = reason === 'MODEL_UNKNOWN' || reason === 'VERSION_UNKNOWN';
  return refuse(isGone ? 'MODEL_FAILED' : KEPT.has(reason) ? reason : 'MODEL_ERROR', message, retryAfterMs);
}
