import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { isRefusal } from '../base/errors.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { SettingsError } from '../config/settings-problem.ts';
import { modelsToServe } from './models-to-serve.ts';
import type { ModelList, ServedModel } from './served-models.ts';
import { routeSettingsProblems } from './served-routes.ts';
import type { GalleyServer } from './server.ts';

/**
 * Reads the settings again and swaps each served version whose files, settings or numbers have changed, without losing a
 * request. Logs changes that need a restart. Settings that are not valid change nothing.
 */
export function reload(
  server: GalleyServer,
  { served: current, read }: { readonly served: LoadedConfig; readonly read: () => LoadedConfig },
  log: Logger,
): void {
  let config: LoadedConfig;
  let wanted: readonly ServedModel[];
  try {
    config = read();
    const models = modelsToServe(config);
    const { served } = models;
    const problems = [...models.problems, ...routeSettingsProblems(config, models)];
    if (problems.length === 0) problems.push(...unservedTargets(server, config, models));
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
  server.routes.apply(config);
  if (!isDeepStrictEqual(withoutRoutes(config), withoutRoutes(current))) {
    log.warn('server settings have changed: restart the server to apply them');
  }
  const { added, removed } = server.catalog.apply(wanted, ({ model, version }, result) => {
    if (result.kind === 'done') log.info({ model, version }, 'reloaded');
    else
      log.error(
        { model, version, reason: result.reason },
        'not reloaded: the old version continues to serve',
      );
  });
  for (const { model, version } of added) {
    log.warn({ model, version }, 'new version found: restart the server to serve it');
  }
  for (const { spec } of removed) {
    log.warn(
      { model: spec.model, version: spec.version },
      'version removed from the settings or the models folder: it is served until the server restarts',
    );
  }
}

/** Routes change at once; everything else of the server waits for a restart. */
function withoutRoutes({ server }: LoadedConfig): object {
  return { ...server, routes: {} };
}

/** Routes would lead to a model or version that is new: it is served after a restart. */
function unservedTargets({ registry }: GalleyServer, config: LoadedConfig, models: ModelList): string[] {
  const served = models.served.filter(({ model, version }) => !isRefusal(registry.find(model, version)));
  return routeSettingsProblems({ ...config, rawModels: {} }, { ...models, served }).map(
    (problem) => `${problem}; to serve a new model or version, restart the server`,
  );
}
