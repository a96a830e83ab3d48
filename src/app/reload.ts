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
 * Reads the settings again and swaps each served version whose files, settings or numbers have changed, without losing a
 * request.
 * Logs changes that need a restart. Settings that are not valid change nothing.
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
    log.error(
      { problems: caught.problems },
      'settings not reloaded: fix the problems and send SIGHUP again; the current settings stay in effect',
    );
    return;
  }
  if (!isDeepStrictEqual(config.server, current.server)) {
    log.warn('server settings have changed: restart the server to apply them');
  }
  const versions = server.registry.all();
  const isOf = (each: ServedModel) => (version: VersionInService) =>
    version.spec.model === each.model && version.spec.version === each.file.version;
  for (const each of wanted.filter((model) => !versions.some(isOf(model)))) {
    log.warn(
      { model: each.model, version: each.file.version },
      'new version found: restart the server to serve it',
    );
  }
  for (const version of versions.filter((each) => !wanted.some((model) => isOf(model)(each)))) {
    log.warn(
      { model: version.spec.model, version: version.spec.version },
      'version removed from the settings or the models folder: it is served until the server restarts',
    );
  }
  await Promise.all(
    wanted.map(async (each) => {
      const old = versions.find(isOf(each));
      if (old === undefined || !hasChanged(old, each)) return;
      const result = await server.swap(old, each);
      const facts = { model: each.model, version: each.file.version };
      if (result.kind === 'done') log.info(facts, 'reloaded');
      else log.error({ ...facts, reason: result.reason }, 'not reloaded: the old version continues to serve');
    }),
  );
}

function hasChanged(version: VersionInService, { file, settings, ownSample }: ServedModel): boolean {
  const { spec, loaded, health, supervisor } = version;
  const before = { file: spec.file, settings: spec.settings, ownSample: spec.ownSample };
  if (!isDeepStrictEqual(before, { file: file.file, settings, ownSample })) return true;
  // A replica with other numbers than before has read other data, from files that only the model knows.
  const isOther = supervisor
    .replicas()
    .some(({ replica }) => health.conditions.conditionsOf(replica).some(({ cause }) => cause === 'golden'));
  if (isOther) return true;
  try {
    return loaded !== undefined && artefactOf(file.runtime, file.file) !== loaded.metadata.artefact;
  } catch {
    // The file cannot be read now: keep the version that serves.
    return false;
  }
}
