import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load-config.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import { artefactOf } from '../model/artefact.ts';
import { modelsToServe } from './models-to-serve.ts';
import type { ServedModel } from './served-models.ts';
import type { GalleyServer } from './server.ts';

/**
 * Reads the settings anew and puts what has changed of the models that are served into effect, each without losing a
 * request. What needs a restart is said; settings that cannot be read change nothing.
 */
export async function reload(
  server: GalleyServer,
  { served: current, read }: { readonly served: LoadedConfig; readonly read: () => LoadedConfig },
  log: Logger,
): Promise<void> {
  let config: LoadedConfig;
  let wanted: readonly ServedModel[];
  try {
    config = read();
    const { served, problems } = modelsToServe(config);
    if (problems.length > 0) throw new SettingsError(problems);
    wanted = served;
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    log.error({ problems: caught.problems }, 'settings were not reloaded: nothing has changed');
    return;
  }
  if (!isDeepStrictEqual(config.server, current.server)) {
    log.warn('settings of the server have changed; they need a restart');
  }
  const versions = server.registry.all();
  const isOf = (each: ServedModel) => (version: VersionInService) =>
    version.spec.model === each.model && version.spec.version === each.file.version;
  for (const each of wanted.filter((model) => !versions.some(isOf(model)))) {
    log.warn({ model: each.model, version: each.file.version }, 'a new version is served after a restart');
  }
  for (const version of versions.filter((each) => !wanted.some((model) => isOf(model)(each)))) {
    log.warn({ model: version.spec.model, version: version.spec.version }, 'it is served until a restart');
  }
  await Promise.all(
    wanted.map(async (each) => {
      const old = versions.find(isOf(each));
      if (old === undefined || !hasChanged(old, each)) return;
      const result = await server.swap(old, each);
      const facts = { model: each.model, version: each.file.version };
      if (result.kind === 'done') log.info(facts, 'reloaded');
      else log.error({ ...facts, reason: result.reason }, 'not reloaded: the old one serves on');
    }),
  );
}

function hasChanged({ spec, loaded }: VersionInService, { file, settings, ownSample }: ServedModel): boolean {
  const before = { file: spec.file, settings: spec.settings, ownSample: spec.ownSample };
  if (!isDeepStrictEqual(before, { file: file.file, settings, ownSample })) return true;
  try {
    return loaded !== undefined && artefactOf(file.runtime, file.file) !== loaded.metadata.artefact;
  } catch {
    // It cannot be read now: what serves is better than nothing.
    return false;
  }
}
