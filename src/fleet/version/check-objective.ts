import type { ModelSettings } from '../../config/model-settings.ts';
import type { ServiceTime } from '../../replica/service-time.ts';

const PLANNED_SHARE = 0.95;

/** Why no batch can meet the objective; undefined when one can, or nothing is known yet. */
export function objectiveProblem({ objective }: ModelSettings, curve: ServiceTime): string | undefined {
  const oneMs = curve.predictMs(1);
  if (objective === undefined || !curve.isKnown || oneMs <= objective.latencyMs) return undefined;
  return (
    `objective.latencyMs ${objective.latencyMs} cannot be met: one row takes ${shown(oneMs)} ms. ` +
    'Increase it, increase threads, or use a smaller model'
  );
}

/** Why the explicit batching settings do not meet the objective, with the arithmetic; undefined when they do. */
export function explicitProblem(
  { objective, batching, replicas }: ModelSettings,
  maxBatchSize: number,
  curve: ServiceTime,
): string | undefined {
  const { maxWaitMs } = batching;
  if (objective === undefined || maxWaitMs === undefined || !curve.isKnown) return undefined;
  const factor = curve.planFactor(PLANNED_SHARE);
  const batchMs = factor * curve.predictMs(maxBatchSize);
  const behindMs = batchMs / replicas;
  const worstMs = maxWaitMs + behindMs + batchMs;
  if (worstMs <= objective.latencyMs) return undefined;
  return (
    `batching.maxWaitMs ${maxWaitMs} and batches of ${maxBatchSize} do not meet objective.latencyMs ${objective.latencyMs}: ` +
    `${maxWaitMs} ms of waiting, up to ${shown(behindMs)} ms behind a running batch and ${shown(batchMs)} ms for its own batch add up to ` +
    `${shown(worstMs)} ms. Remove both settings to let the server choose batches that meet it`
  );
}

function shown(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(0);
}
