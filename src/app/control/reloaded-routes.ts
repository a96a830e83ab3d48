import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { isRefusal } from '../../base/errors.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { Catalog } from '../../fleet/catalog/catalog.ts';
import type { ServedModel } from '../models/served-models.ts';
import type { ModelScan } from './scan-models.ts';
import { routeSettingsProblems, type ServedRoutes } from './served-routes.ts';

/** What routes need of the server. */
interface RoutesPorts {
  readonly catalog: Catalog<ServedModel>;
  readonly routes: ServedRoutes;
  readonly log: Logger;
}

/** Changes the routes with the settings: they lead to a new model or version only once it is served. */
export class ReloadedRoutes {
  readonly #ports: RoutesPorts;
  #config: LoadedConfig;
  /** Routes that wait for the models they lead to. */
  #waiting: (() => void) | undefined;
  #staying: readonly string[] = [];

  constructor(config: LoadedConfig, ports: RoutesPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  /** Throws a SettingsError for problems of the settings. */
  check(config: LoadedConfig, scan: ModelScan): void {
    const problems = [...scan.problems, ...routeSettingsProblems(config, scan)];
    if (problems.length > 0) throw new SettingsError(problems);
  }

  /** Models that are not desired any more, and that the present routes lead to until they change. */
  get staying(): readonly string[] {
    return this.#staying;
  }

  /** From now on, models stay that are not desired any more, if the routes of these settings cannot be served yet. */
  hold(config: LoadedConfig, scan: ModelScan): void {
    const { registry } = this.#ports.catalog;
    const isWaiting = this.#unserved(config, scan).length > 0;
    const gone = registry.models().filter((name) => scan.served.every(({ model }) => model !== name));
    this.#staying = isWaiting ? gone : [];
  }

  /** Serves the routes of the settings as soon as all versions that they lead to are served; `followed` is called then. */
  follow(config: LoadedConfig, scan: ModelScan, followed: () => void): void {
    const { catalog, log } = this.#ports;
    this.#waiting?.();
    this.#waiting = undefined;
    if (!isDeepStrictEqual(rest(config), rest(this.#config))) {
      log.warn('server settings have changed: restart the server to apply them');
    }
    if (this.#serve(config, scan)) return;
    this.#waiting = catalog.rolling.rolledOut.on(({ result }) => {
      if (result.kind === 'cancelled') return;
      if (this.#serve(config, scan)) {
        this.#waiting?.();
        followed();
      } else if (result.kind === 'kept') {
        log.error({ problems: this.#unserved(config, scan) }, 'routes not changed');
      }
    });
  }

  #serve(config: LoadedConfig, scan: ModelScan): boolean {
    if (this.#unserved(config, scan).length > 0) return false;
    this.#config = config;
    this.#staying = [];
    this.#ports.routes.apply(config);
    return true;
  }

  /** Why a route would lead to a model or version that is not served yet. */
  #unserved(config: LoadedConfig, scan: ModelScan): string[] {
    const { registry } = this.#ports.catalog;
    const served = scan.served.filter(({ model, version }) => !isRefusal(registry.find(model, version)));
    return routeSettingsProblems({ ...config, rawModels: {} }, { ...scan, served });
  }
}

/** What of the settings applies only after a restart. */
function rest({ server }: LoadedConfig): object {
  const { routes: _, models: __, defaults: ___, ...others } = server;
  return others;
}
