import type { ModelSettings } from '../../config/model-settings.ts';
import type { ServiceTime } from '../../replica/service-time.ts';

const PLANNED_SHARE = 0.95;

/** Why the objective cannot be held by any batch; undefined when it can, or nothing is known yet. */
export function objectiveProblem({ objective }: ModelSettings, curve: ServiceTime): string | undefined {
  const oneMs = curve.predictMs(1);
  if (objective === undefined || !curve.isKnown || oneMs <= objective.latencyMs) return undefined;
  return (
    `objective.latencyMs ${objective.latencyMs} cannot be held: one row alone takes ${shown(oneMs)} ms. ` +
    'Allow more, give a replica more threads, or use a smaller model'
  );
}

/** Why the explicit numbers of batching do not hold the objective, with the arithmetic; undefined when they do. */
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
    `batching.maxWaitMs ${maxWaitMs} and batches of ${maxBatchSize} do not hold objective.latencyMs ${objective.latencyMs}: ` +
    `${maxWaitMs} ms of waiting, up to ${shown(behindMs)} ms behind a running batch and ${shown(batchMs)} ms for its own make ` +
    `${shown(worstMs)} ms. Leave both out, and the server finds batches that hold it`
  );
}

function shown(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(0);
}
