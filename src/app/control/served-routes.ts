import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { placeInFile } from '../../config/place-in-file.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { missingOutputs, routeDisagreements } from '../../gateway/routes/route-status.ts';
import { RouteTable } from '../../gateway/routes/route-table.ts';
import { compileRoutes } from '../../routing/compile-route.ts';
import { type KnownModels, routeProblems } from '../../routing/route-problems.ts';
import type { ModelList } from '../models/served-models.ts';
import { RouteStore } from './route-store.ts';

const DEFAULT_FILE = 'galley-routes.db';
/** Reported values between two writes are lost when the process is killed. */
const SAVE_EVERY_MS = 1_000;

/** Dependencies of {@link ServedRoutes}. */
export interface ServedRoutesPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: ModelRegistry;
  readonly log: Logger;
}

/** The routes of a server, and the file that keeps their state. */
export class ServedRoutes {
  readonly table: RouteTable;
  readonly #ports: ServedRoutesPorts;
  readonly #saved = new Map<string, string>();
  #store: RouteStore | undefined;
  #saving: Timer | undefined;
  #isStopped = false;

  constructor(ports: ServedRoutesPorts) {
    this.#ports = ports;
    this.table = new RouteTable(ports);
    this.table.changed.on(() => this.#save());
  }

  /** Why states are not kept; undefined while they are, or where no route has one. */
  get problem(): string | undefined {
    return this.#store?.problem;
  }

  /** Serves the routes of the settings in place of the present ones. They must have no {@link routeSettingsProblems}. */
  apply({ server, directory }: LoadedConfig): void {
    const { routes, routeStateFile } = server;
    const hasState = /"(canary|experiment)":/.test(JSON.stringify(routes));
    if (hasState) {
      this.#store ??= new RouteStore(resolve(directory, routeStateFile ?? DEFAULT_FILE), this.#ports.log);
    }
    this.table.replace(routes, (route) => this.#store?.load(route));
    if (this.#store !== undefined && this.#saving === undefined) this.#saveLater();
  }

  /** Logs where loaded models do not fit their routes: a server serves them all the same. */
  warn(config: LoadedConfig): void {
    for (const problem of routeMetadataProblems(config, this.#ports.registry)) this.#ports.log.warn(problem);
  }

  stop(): void {
    this.#isStopped = true;
    this.table.stop();
    this.#saving?.cancel();
    this.#save();
    this.#store?.close();
  }

  #saveLater(): void {
    const { clock } = this.#ports;
    this.#saving = clock.at(clock.now() + SAVE_EVERY_MS, () => {
      this.#save();
      if (!this.#isStopped) this.#saveLater();
    });
  }

  /** Writes the states that have changed. */
  #save(): void {
    if (this.#store === undefined) return;
    for (const { name, state, canary, experiment } of this.table.all()) {
      if (canary === undefined && experiment === undefined) continue;
      const text = JSON.stringify(state);
      if (this.#saved.get(name) === text) continue;
      if (this.#store.save(name, text)) this.#saved.set(name, text);
    }
  }
}

/**
 * Problems of the routes in the settings, each with its place in the file. `leftOut` are names that lead to something,
 * whatever it is; so do models whose settings are invalid.
 */
export function routeSettingsProblems(
  { server, source, rawModels }: LoadedConfig,
  models: ModelList,
  leftOut: readonly string[] = [],
): string[] {
  const named = [...Object.keys(rawModels), ...leftOut].map((name) => [name, 'any'] as const);
  const known = new Map([...named, ...knownModels(models)]);
  return routeProblems(compileRoutes(server.routes), known).map(
    ({ path, text }) => `${placeInFile(source, path)}: '${path.join('.')}' ${text}`,
  );
}

/** Where the models of a route, as far as they are loaded, do not fit it or each other. */
export function routeMetadataProblems({ server, source }: LoadedConfig, registry: ModelRegistry): string[] {
  const routes = compileRoutes(server.routes);
  const world = { registry, table: { routeNamed: (name: string) => routes.get(name) } };
  return [...routes.values()].flatMap((route) => {
    const place = placeInFile(source, ['routes', route.name]);
    const problems = [...routeDisagreements(route, world), ...missingOutputs(route, world)];
    return problems.map((text) => `${place}: 'routes.${route.name}': ${text}`);
  });
}

/** A broken model is known: it may be mended while the server runs. */
function knownModels({ served, broken }: ModelList): KnownModels {
  const known = new Map<string, string[]>();
  const add = (model: string, version: string) => known.set(model, [...(known.get(model) ?? []), version]);
  for (const { model, version } of served) add(model, version);
  for (const { model, settings } of served) {
    for (const label of Object.keys(settings.labels)) add(model, label);
  }
  for (const { name, version } of broken) if (version !== undefined) add(name, version);
  const unread = broken.flatMap(({ name, version }) =>
    version === undefined ? [[name, 'any'] as const] : [],
  );
  return new Map<string, readonly string[] | 'any'>([...known, ...unread]);
}
