import type { FoundModel, UnusableVersion } from './model-repository.ts';
import { byVersion, versionNamed } from './model-version.ts';
import type { ModelFile } from './version-file.ts';

/** The versions to serve, and the wanted versions that cannot be served. */
export interface ChosenVersions {
  readonly files: readonly ModelFile[];
  readonly missing: readonly UnusableVersion[];
}

/** Selects the versions that the settings name. No other version replaces a broken one. */
export function chooseVersions(
  { versions, unusable }: FoundModel,
  wanted: 'latest' | 'all' | { readonly latest: number } | readonly (number | string)[],
): ChosenVersions {
  const all = [...versions, ...unusable].map(({ version }) => version).sort(byVersion);
  const asked =
    wanted === 'all'
      ? all
      : wanted === 'latest'
        ? all.slice(-1)
        : 'latest' in wanted
          ? all.slice(-wanted.latest)
          : wanted.map((version) => versionNamed(String(version)) ?? String(version));
  const absent = asked
    .filter((version) => !all.includes(version))
    .map((version) => ({
      version,
      reason: `version ${version} does not exist, found ${all.join(', ')}`,
    }));
  return {
    files: versions.filter(({ version }) => asked.includes(version)),
    missing: [...unusable.filter(({ version }) => asked.includes(version)), ...absent],
  };
}
