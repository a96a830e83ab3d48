import { messageOf } from '../../base/errors.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { placeInFile } from '../../config/place-in-file.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import { lockedFiles } from '../../model/locked-files.ts';
import type { FoundModel } from '../../model/model-repository.ts';
import type { VersionPlace } from '../../model/version-files.ts';
import { targetNamed } from '../../routing/route-plan.ts';

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

/** A pipeline that calls itself by way of others. */
export interface Circle {
  readonly model: string;
  /** The reason, with the place in the settings. */
  readonly text: string;
  /** Whether all pipelines of the circle are in files of their own: then only they cannot be served. */
  readonly isOwn: boolean;
}

/** Pipelines that call each other in a circle. */
export function pipelineCircles(
  { source, rawModels }: LoadedConfig,
  served: readonly (VersionSpec & { readonly settingsFile?: string | undefined })[],
): readonly Circle[] {
  const stepsOf = new Map(
    served.flatMap(({ model, settings }) =>
      settings.pipeline === undefined
        ? []
        : [[model, settings.pipeline.steps.map((step) => step.model)] as const],
    ),
  );
  const ownFile = (name: string) =>
    rawModels[name]?.pipeline === undefined
      ? served.find(({ model }) => model === name)?.settingsFile
      : undefined;
  return [...stepsOf.keys()].flatMap((model) => {
    const circle = circleFrom(model, model, stepsOf, []);
    if (circle === undefined) return [];
    const file = ownFile(model);
    const place =
      file === undefined
        ? placeInFile(source, ['models', model, 'pipeline'])
        : placeInFile(file, ['pipeline']);
    const text = `${place}: the pipeline '${model}' calls itself in a circle: ${circle.join(' → ')}`;
    return [{ model, text, isOwn: circle.every((name) => ownFile(name) !== undefined) }];
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
