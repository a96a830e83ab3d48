import { isAbsolute, join, sep } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import { lockPathOf } from '../models/lock-file.ts';
import type { ModelScan } from './scan-models.ts';
import type { WatchedPlaces } from './watched-files.ts';

/** Everything whose change may change what is served. `files` are those of the models as far as they are known. */
export function placesOf(config: LoadedConfig, files: ModelScan['files']): WatchedPlaces {
  const { repository, directory, source, rawModels } = config;
  const inside = repository === undefined ? undefined : repository + sep;
  const named = Object.entries(rawModels).flatMap(([model, { path }]) =>
    typeof path === 'string' ? [{ model, path: isAbsolute(path) ? path : join(directory, path) }] : [],
  );
  const isOutside = ({ path }: { readonly path: string }) =>
    !(inside !== undefined && path.startsWith(inside)) &&
    !named.some((other) => path === other.path || path.startsWith(other.path + sep));
  const settings = isAbsolute(source) ? [{ model: '', path: source }] : [];
  // Like the settings, a lock decides for every model whether it is served.
  const lock = { model: '', path: lockPathOf(config) };
  return { repository, others: [...settings, lock, ...named, ...files.filter(isOutside)] };
}
