import { byVersion } from '../../model/model-version.ts';

/** A version that is served now. */
export interface ServedFacts {
  readonly version: string;
  readonly isReady: boolean;
  /** A rollout that is under way will take its place. */
  readonly isBeingReplaced: boolean;
}

/** A version that is to be served. */
export interface DesiredFacts {
  readonly version: string;
  /**
   * `current`: it is served as desired. `changed`: its number is served with other files or settings. `loading`: a rollout
   * of it is under way. `failed`: it could not be loaded, and has not changed since.
   */
  readonly state: 'missing' | 'current' | 'changed' | 'loading' | 'failed';
}

/** What changes the versions of one model to what is desired. */
export interface ModelSteps {
  readonly load: readonly { readonly version: string; readonly replaces: string | undefined }[];
  readonly remove: readonly string[];
}

/**
 * Decides how the versions of a model become those that are desired. A version that is not desired any more serves until
 * a desired one does: it is the one that the highest new version replaces. `isGone`: the model itself is not desired.
 */
export function planModel(
  served: readonly ServedFacts[],
  desired: readonly DesiredFacts[],
  isGone: boolean,
): ModelSteps {
  if (isGone) return { load: [], remove: served.map(({ version }) => version) };
  const leaving = served
    .filter(({ version }) => desired.every((other) => other.version !== version))
    .sort((a, b) => byVersion(a.version, b.version));
  const missing = desired.filter(({ state }) => state === 'missing').map(({ version }) => version);
  const highest = missing.toSorted(byVersion).at(-1);
  const replaced = leaving.findLast(({ isBeingReplaced }) => !isBeingReplaced)?.version;
  const load = desired
    .filter(({ state }) => state === 'missing' || state === 'changed')
    .map(({ version, state }) => ({
      version,
      replaces: state === 'changed' ? version : version === highest ? replaced : undefined,
    }));
  const isCovered = desired.some(
    ({ version, state }) =>
      state !== 'missing' && served.some((other) => other.version === version && other.isReady),
  );
  const isToBeReplaced = (version: string) => load.some(({ replaces }) => replaces === version);
  const remove = leaving
    .filter(({ version, isBeingReplaced }) => isCovered && !isBeingReplaced && !isToBeReplaced(version))
    .map(({ version }) => version);
  return { load, remove };
}
