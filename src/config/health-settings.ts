import { z } from 'zod';
import { DependencySettings } from './dependency-settings.ts';
import {
  EjectionSettings,
  IsolationSettings,
  MemorySettings,
  RestartSettings,
  RetrySettings,
  SlowStartSettings,
} from './recovery-settings.ts';

const LivenessSettings = z
  .strictObject({
    periodMs: z
      .number()
      .min(10)
      .default(10_000)
      .describe('How often a heartbeat is expected; one since the last check is enough.'),
    failureThreshold: z
      .int()
      .min(1)
      .default(3)
      .describe('Checks in a row without a heartbeat after which the replica is ended and replaced.'),
  })
  .prefault({});

const ReadinessSettings = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Off: no practice prediction is ever run to see whether a replica still works.'),
    periodMs: z
      .number()
      .min(10)
      .default(5_000)
      .describe(
        'How often a replica must show that it works: by a real batch, or else by a prediction of ours.',
      ),
    timeoutMs: z
      .number()
      .positive()
      .default(1_000)
      .describe('A prediction of ours that takes longer, or longer than three usual ones, counts as failed.'),
    failureThreshold: z
      .int()
      .min(1)
      .default(3)
      .describe('Failures in a row that take a replica out; the first one already makes it second choice.'),
    successThreshold: z.int().min(1).default(2).describe('Successes in a row that bring it back.'),
    maxDeferrals: z
      .int()
      .min(0)
      .default(3)
      .describe('How often a busy replica is left in peace before the check goes ahead of its next batch.'),
    goldenEvery: z
      .int()
      .min(1)
      .default(12)
      .describe('Every so many periods the prediction is run and its answer compared, however busy it is.'),
    tolerance: z
      .number()
      .min(0)
      .default(0.001)
      .describe('Share by which a number may differ from the answer recorded at the first warmup.'),
    restartAfterMs: z
      .number()
      .positive()
      .default(60_000)
      .describe('A replica that has failed its checks for so long is restarted.'),
  })
  .prefault({});
export type ReadinessSettings = z.output<typeof ReadinessSettings>;

/** When a replica counts as started, alive and ready, and what happens when it does not. */
export const HealthSettings = z
  .strictObject({
    startupTimeoutMs: z
      .number()
      .positive()
      .default(120_000)
      .describe(
        'A replica that is not loaded and warmed up by then is ended, which counts as a failed process.',
      ),
    heartbeatPeriodMs: z
      .number()
      .min(10)
      .default(1_000)
      .describe('How often a replica reports memory, CPU time and progress.'),
    liveness: LivenessSettings,
    readiness: ReadinessSettings,
    watchdogMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'A batch that runs longer ends its replica. Default: five seconds, or ten times what such a batch takes.',
      ),
    drainTimeoutMs: z
      .number()
      .min(0)
      .default(30_000)
      .describe('How long a replica that is taken out of service may finish what it runs.'),
    memory: MemorySettings,
    restart: RestartSettings,
    ejection: EjectionSettings,
    slowStart: SlowStartSettings,
    retries: RetrySettings,
    isolation: IsolationSettings,
    dependencies: z
      .array(DependencySettings)
      .default([])
      .describe('What the model needs beside itself; while one of them is down the model is not ready.'),
  })
  .refine(({ liveness, heartbeatPeriodMs }) => liveness.periodMs >= heartbeatPeriodMs, {
    error: 'at least `health.heartbeatPeriodMs`, the period of the heartbeats',
    path: ['liveness', 'periodMs'],
  })
  .prefault({});
export type HealthSettings = z.output<typeof HealthSettings>;
