import * as z from 'zod';
import { DependencySettings } from './dependency-settings.ts';
import { flag, notNegative, period, positive, section, whole } from './fields.ts';
import {
  EjectionSettings,
  IsolationSettings,
  MemorySettings,
  RestartSettings,
  RetrySettings,
  SlowStartSettings,
} from './recovery-settings.ts';

const LivenessSettings = section({
  periodMs: period(10_000).describe(
    'Interval of liveness checks. A check passes if a heartbeat arrived since the previous check.',
  ),
  failureThreshold: whole(3).describe(
    'Failed liveness checks in a row after which the process of the replica is ended and replaced.',
  ),
});

const ReadinessSettings = section({
  enabled: flag(true).describe(
    'Whether readiness is checked with the golden input. false: such predictions never run.',
  ),
  periodMs: period(5_000).describe(
    'Interval of readiness checks. A check passes if a batch of callers succeeded within the interval; otherwise the golden input runs.',
  ),
  timeoutMs: positive(1_000).describe(
    'The check fails if the golden input runs longer than this and longer than three times its usual time.',
  ),
  failureThreshold: whole(3).describe(
    'Failed checks in a row that eject a replica. The first failure makes it degraded.',
  ),
  successThreshold: whole(2).describe('Passed checks in a row that restore a replica.'),
  maxDeferrals: z
    .int()
    .min(0)
    .default(3)
    .describe(
      'Number of times in a row that the check of a busy replica is deferred. Then the check runs before its next batch.',
    ),
  goldenEvery: whole(12).describe(
    'Number of periods after which the golden input runs and its answer is compared, even if batches succeed.',
  ),
  tolerance: notNegative(0.001).describe(
    'Relative difference that is allowed between a number in the answer and the answer recorded at the first warmup.',
  ),
  restartAfterMs: positive(60_000).describe(
    'Time for which a replica may fail its readiness checks before it is restarted.',
  ),
});
export type ReadinessSettings = z.output<typeof ReadinessSettings>;

/** The startup, liveness and readiness checks of a replica, and the recovery from their failures. */
export const HealthSettings = z
  .strictObject({
    startupTimeoutMs: positive(120_000).describe(
      'Longest time to load the model and run warmup. Then the process is ended and counts as failed.',
    ),
    heartbeatPeriodMs: period(1_000).describe(
      'Interval at which a replica reports memory, CPU time and progress.',
    ),
    liveness: LivenessSettings,
    readiness: ReadinessSettings,
    watchdogMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'Longest time that a batch may run; then the process of its replica is ended. Default: the larger of five seconds and ten times the usual time of such a batch; for a batch of a new size or a request that runs alone, the timeout of the request.',
      ),
    drainTimeoutMs: notNegative(30_000).describe(
      'Longest time that a draining replica has to finish its running batches.',
    ),
    memory: MemorySettings,
    restart: RestartSettings,
    ejection: EjectionSettings,
    slowStart: SlowStartSettings,
    retries: RetrySettings,
    isolation: IsolationSettings,
    dependencies: z
      .array(DependencySettings)
      .default([])
      .describe('External services that the model needs. While one of them is down, the model is not ready.'),
  })
  .refine(({ liveness, heartbeatPeriodMs }) => liveness.periodMs >= heartbeatPeriodMs, {
    error: 'at least health.heartbeatPeriodMs: a check needs a heartbeat in its interval',
    path: ['liveness', 'periodMs'],
  })
  .prefault({});
export type HealthSettings = z.output<typeof HealthSettings>;
