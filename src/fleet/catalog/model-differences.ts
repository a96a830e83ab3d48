import { isDeepStrictEqual } from 'node:util';
import type { VersionInService } from '../version/version-in-service.ts';
import type { VersionSpec } from '../version/version-spec.ts';

/** Whether both describe the same version with the same files and settings. */
export function isSameSpec(a: VersionSpec, b: VersionSpec): boolean {
  return isDeepStrictEqual(essence(a), essence(b)) && a.artefact === b.artefact;
}

/** Whether a version has to be loaded anew to be what is desired. */
export function hasChanged(version: VersionInService, desired: VersionSpec): boolean {
  if (!isDeepStrictEqual(essence(version.spec), essence(desired))) return true;
  if (hasOtherAnswers(version)) return true;
  const { loaded, spec } = version;
  // Files that cannot be read now leave the version that serves.
  if (desired.artefact === undefined) return false;
  // It is not known which files could not be loaded when the server started: they may have been mended since.
  if ((spec.artefact ?? loaded) === undefined) return version.state === 'failed';
  return (spec.artefact ?? loaded?.metadata.artefact) !== desired.artefact;
}

/** Without what only decides which versions are served, and how one takes the place of another. */
function essence({ model, version, file, settings, ownSample }: VersionSpec): object {
  const { versions: _, labels: __, rollout: ___, ...others } = settings;
  return { model, version, file, settings: others, ownSample };
}

/** Whether a replica gives another golden answer than before: it has read other data, from files that only the model knows. */
function hasOtherAnswers({ health, supervisor }: VersionInService): boolean {
  return supervisor
    .replicas()
    .some(({ replica }) => health.conditions.conditionsOf(replica).some(({ cause }) => cause === 'golden'));
}
