import type { ModelSettings } from './model-settings.ts';

/** A step that was missing or had failed may be served soon. */
const RETRY_MS = 1_000;

/**
 * The settings of a pipeline as a version: its requests are not merged, because they are merged in the models of its steps,
 * and it has neither a process nor health of its own. What the steps refuse, and why, is known there.
 */
export function asPipeline(settings: ModelSettings): ModelSettings {
  const { health } = settings;
  return {
    ...settings,
    ...{
      replicas: 1,
      threads: 1,
      device: 'cpu',
      autoscaling: undefined,
      goal: 'latency',
      padding: undefined,
    },
    batching: { maxBatchSize: 1, rows: 'dependent', maxWaitMs: 0 },
    warmup: { ...settings.warmup, enabled: false },
    health: {
      ...health,
      watchdogMs: Number.MAX_SAFE_INTEGER,
      readiness: { ...health.readiness, enabled: false },
      ejection: { ...health.ejection, consecutiveFailures: Number.MAX_SAFE_INTEGER },
      restart: { ...health.restart, retryFailedMs: Math.min(health.restart.retryFailedMs, RETRY_MS) },
    },
  };
}
