import { z } from 'zod';

const MINUTE_MS = 60_000;

/** How much memory a replica may take. */
export const MemorySettings = z
  .strictObject({
    softLimitBytes: z
      .int()
      .positive()
      .optional()
      .describe('Resident memory above which a replica is second choice and is replaced when it suits.'),
    hardLimitBytes: z
      .int()
      .positive()
      .optional()
      .describe('Resident memory above which a replica finishes what it runs and is replaced at once.'),
  })
  .refine(
    ({ softLimitBytes = 0, hardLimitBytes = Number.POSITIVE_INFINITY }) => softLimitBytes <= hardLimitBytes,
    {
      error: 'at most health.memory.hardLimitBytes: the soft limit is the one reached first',
      path: ['softLimitBytes'],
    },
  )
  .prefault({});
export type MemorySettings = z.output<typeof MemorySettings>;

/** How restarts are timed, and when a model is given up. */
export const RestartSettings = z
  .strictObject({
    initialDelayMs: z
      .number()
      .positive()
      .default(1_000)
      .describe('The first restart is at once; the second waits about so long, then the delay doubles.'),
    maxDelayMs: z.number().positive().default(MINUTE_MS).describe('Longest delay before a restart.'),
    maxFailures: z
      .int()
      .min(1)
      .default(6)
      .describe('The replica is given up after so many failed processes of a model in a row.'),
    maxExits: z
      .int()
      .min(1)
      .default(10)
      .describe('The same after more failed processes than this within `windowMs`.'),
    windowMs: z
      .number()
      .positive()
      .default(30 * MINUTE_MS)
      .describe('The time in which maxExits are counted.'),
    healthyAfterMs: z
      .number()
      .positive()
      .default(MINUTE_MS)
      .describe(
        'A process that was ready for this long, or answered 100 batches, was healthy and resets the count.',
      ),
    retryFailedMs: z
      .number()
      .positive()
      .default(5 * MINUTE_MS)
      .describe('How often a replica that was given up is tried once more.'),
  })
  .prefault({});
export type RestartSettings = z.output<typeof RestartSettings>;

/** When a replica is kept out of the pick for its answers. */
export const EjectionSettings = z
  .strictObject({
    consecutiveFailures: z.int().min(1).default(5).describe('Failed batches in a row that eject a replica.'),
    baseMs: z
      .number()
      .positive()
      .default(30_000)
      .describe('How long the first ejection lasts; the next lasts twice as long, then three times.'),
    maxMs: z
      .number()
      .positive()
      .default(5 * MINUTE_MS)
      .describe('Longest ejection.'),
    maxPercent: z
      .number()
      .min(0)
      .max(100)
      .default(50)
      .describe(
        'Most replicas of a model that may be out at once; one always may, where there are two or more.',
      ),
    sweepMs: z
      .number()
      .positive()
      .default(10_000)
      .describe('How often success rates are compared (five replicas or more) and good conduct is counted.'),
    maxTimes: z
      .int()
      .min(1)
      .default(3)
      .describe('A replica ejected so often within ten minutes is restarted.'),
  })
  .prefault({});
export type EjectionSettings = z.output<typeof EjectionSettings>;

/** How a replica that comes back is eased in. */
export const SlowStartSettings = z
  .strictObject({
    windowMs: z
      .number()
      .min(0)
      .default(10_000)
      .describe(
        'How long its share grows after a restart or an ejection while others serve; 0 turns it off.',
      ),
    aggression: z.number().positive().default(1).describe('1 grows evenly; larger grows faster at first.'),
    minShare: z.number().positive().max(1).default(0.1).describe('The share it begins with.'),
  })
  .prefault({});
export type SlowStartSettings = z.output<typeof SlowStartSettings>;

/** How many second tries there may be. */
export const RetrySettings = z
  .strictObject({
    percent: z
      .number()
      .min(0)
      .max(100)
      .default(20)
      .describe('Batches running a second time at once, as a share of requests running or waiting.'),
    minConcurrency: z.int().min(1).default(3).describe('So many second tries are always allowed.'),
  })
  .prefault({});

/** What happens to inputs that end replicas. */
export const IsolationSettings = z
  .strictObject({
    denyMs: z
      .number()
      .min(0)
      .default(10 * MINUTE_MS)
      .describe('How long an input that ended two replicas is refused with 422.'),
    denyEntries: z.int().min(1).default(1000).describe('Most inputs that are refused so at once.'),
  })
  .prefault({});
