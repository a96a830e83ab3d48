import type { LoadedConfig } from '../config/load-config.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import { placeInFile } from '../config/place-in-file.ts';
import type { VersionSpec } from '../fleet/version/version-spec.ts';
import type { FoundModel } from '../model/model-repository.ts';
import { targetNamed } from '../routing/route-plan.ts';

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
      // A step that was missing or had failed may be served soon.
      restart: { ...health.restart, retryFailedMs: Math.min(health.restart.retryFailedMs, RETRY_MS) },
    },
  };
}

const RETRY_MS = 1_000;

/** A model that consists of settings alone. */
export function pipelineIn(name: string, file: string): FoundModel {
  const versions = [{ version: '1', runtime: 'pipeline', file }] as const;
  return { kind: 'found', name, versions, unusable: [], settingsFile: undefined };
}

/** Pipelines that call each other in a circle, with their place in the settings. */
export function pipelineProblems(
  { source, rawModels }: LoadedConfig,
  served: readonly (VersionSpec & { readonly settingsFile?: string | undefined })[],
): string[] {
  const stepsOf = new Map(
    served.flatMap(({ model, settings }) =>
      settings.pipeline === undefined
        ? []
        : [[model, settings.pipeline.steps.map((step) => step.model)] as const],
    ),
  );
  return [...stepsOf.keys()].flatMap((name) => {
    const circle = circleFrom(name, name, stepsOf, []);
    if (circle === undefined) return [];
    const file = served.find(({ model }) => model === name)?.settingsFile;
    const isOwn = rawModels[name]?.pipeline === undefined && file !== undefined;
    const place = isOwn ? placeInFile(file, ['pipeline']) : placeInFile(source, ['models', name, 'pipeline']);
    return [`${place}: the pipeline '${name}' calls itself in a circle: ${circle.join(' → ')}`];
  });
}

function circleFrom(
  name: string,
  goal: string,
  stepsOf: ReadonlyMap<string, readonly string[]>,
  way: readonly string[],
): readonly string[] | undefined {
  if (way.includes(name)) return name === goal ? [...way, name] : undefined;
  for (const step of stepsOf.get(name) ?? []) {
    const found = circleFrom(targetNamed(step).model, goal, stepsOf, [...way, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}
