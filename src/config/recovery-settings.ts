import * as z from 'zod';
import { notNegative, percentage, positive, section, share, whole } from './fields.ts';

const MINUTE_MS = 60_000;

/** Memory limits of a replica. */
export const MemorySettings = z
  .strictObject({
    softLimitBytes: z
      .int()
      .positive()
      .optional()
      .describe(
        'Resident memory above which a replica is degraded and is replaced when other replicas can take its load.',
      ),
    hardLimitBytes: z
      .int()
      .positive()
      .optional()
      .describe(
        'Resident memory above which a replica is replaced at once, after it finishes its running batches.',
      ),
  })
  .refine(
    ({ softLimitBytes = 0, hardLimitBytes = Number.POSITIVE_INFINITY }) => softLimitBytes <= hardLimitBytes,
    {
      error: 'at most health.memory.hardLimitBytes: the soft limit must be reached first',
      path: ['softLimitBytes'],
    },
  )
  .prefault({});
export type MemorySettings = z.output<typeof MemorySettings>;

/** How restarts are timed, and when a replica is given up. */
export const RestartSettings = section({
  initialDelayMs: positive(1_000).describe(
    'Approximate delay before the second restart in a row. The first restart has no delay; each further delay doubles.',
  ),
  maxDelayMs: positive(MINUTE_MS).describe('Upper limit of the delay before a restart.'),
  maxFailures: whole(6).describe('Failed processes of a model in a row after which the replica is given up.'),
  maxExits: whole(10).describe(
    'The replica is also given up after more failed processes of a model than this within `windowMs`.',
  ),
  windowMs: positive(30 * MINUTE_MS).describe('Time window of maxExits.'),
  healthyAfterMs: positive(MINUTE_MS).describe(
    'A process that was ready for this long or answered 100 batches counts as healthy and resets the counts of failed processes.',
  ),
  retryFailedMs: positive(5 * MINUTE_MS).describe(
    'Interval at which a replica that was given up is started again.',
  ),
});
export type RestartSettings = z.output<typeof RestartSettings>;

/** When a replica is ejected because of its answers, and for how long. */
export const EjectionSettings = section({
  consecutiveFailures: whole(5).describe('Failed batches in a row that eject a replica.'),
  baseMs: positive(30_000).describe(
    'Duration of the first ejection; the second lasts twice as long, the third three times, up to maxMs.',
  ),
  maxMs: positive(5 * MINUTE_MS).describe('Upper limit of the duration of an ejection.'),
  maxPercent: percentage(50).describe(
    'Largest percentage of the replicas of a model that may be ejected at once. Of two or more replicas, one may always be ejected.',
  ),
  sweepMs: positive(10_000).describe(
    'Interval at which success rates are compared (with five or more replicas). Each interval in service also shortens the next ejection by baseMs.',
  ),
  maxTimes: whole(3).describe('Ejections within ten minutes after which a replica is restarted.'),
});
export type EjectionSettings = z.output<typeof EjectionSettings>;

/** How the traffic share of a restored replica grows. */
export const SlowStartSettings = section({
  windowMs: notNegative(10_000).describe(
    'Time in which the traffic share of a replica grows to its full size after a restart or an ejection, while other replicas serve. 0 turns slow start off.',
  ),
  aggression: positive(1).describe('Shape of the growth. 1: linear. Above 1: faster at first.'),
  minShare: share(0.1).describe('Traffic share at the start, as a fraction of the full share.'),
});
export type SlowStartSettings = z.output<typeof SlowStartSettings>;

/** The retry budget. */
export const RetrySettings = section({
  percent: percentage(20).describe(
    'Largest number of retries that run at once, as a percentage of the requests that run or wait.',
  ),
  minConcurrency: whole(3).describe('Number of retries at once that is always allowed.'),
});

/** How inputs that end replicas are refused. */
export const IsolationSettings = section({
  denyMs: notNegative(10 * MINUTE_MS).describe(
    'Time for which an input that ended two replicas is refused with 422.',
  ),
  denyEntries: whole(1000).describe('Largest number of inputs that are refused this way at once.'),
});
