import { messageOf } from '../base/errors.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { placeInFile } from '../config/place-in-file.ts';
import type { VersionSpec } from '../fleet/version/version-spec.ts';
import { lockedFiles } from '../model/locked-files.ts';
import type { FoundModel } from '../model/model-repository.ts';
import type { VersionPlace } from '../model/version-files.ts';
import { targetNamed } from '../routing/route-plan.ts';

/** A model that consists of settings alone. */
export function pipelineIn(name: string, file: string): FoundModel {
  const versions = [{ version: '1', runtime: 'pipeline', file }] as const;
  return { kind: 'found', name, versions, unusable: [], settingsFile: undefined };
}

/** Why the file of a pipeline is not that of the lock, which no replica compares, because a pipeline has no process. */
export function whyNotLocked(lock: string | undefined, place: VersionPlace): string | undefined {
  try {
    if (lock !== undefined) lockedFiles(lock, place);
    return undefined;
  } catch (caught) {
    return messageOf(caught);
  }
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
