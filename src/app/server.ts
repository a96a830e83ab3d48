import { seededRandom } from '../base/random.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ServerSettings } from '../config/server-settings.ts';
import { SettingsError } from '../config/settings-problem.ts';
import { Evictor } from '../fleet/autoscale/evictor.ts';
import { Scaler } from '../fleet/autoscale/scaler.ts';
import { Catalog } from '../fleet/catalog/catalog.ts';
import type { ModelRegistry } from '../fleet/catalog/model-registry.ts';
import { whyNoRoom } from '../fleet/catalog/rollout-memory.ts';
import { ServerHealth } from '../fleet/catalog/server-health.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import { InnerCalls } from '../gateway/composition/inner-calls.ts';
import type { BrokenModel } from '../model/model-repository.ts';
import { OperatorCommands } from './control/model-commands.ts';
import { ModelControl } from './control/model-control.ts';
import { routeSettingsProblems, ServedRoutes } from './control/served-routes.ts';
import type { HttpFrontend } from './frontend/http-frontend.ts';
import { tenantKeysOf } from './frontend/tenant-keys.ts';
import { GracePeriod } from './machine/grace-period.ts';
import { machineBudget } from './machine/machine.ts';
import type { ServerPorts } from './machine/server-ports.ts';
import { whenSettled } from './machine/when-settled.ts';
import { whenStopped } from './machine/when-stopped.ts';
import { brokenText, modelsToServe } from './models/models-to-serve.ts';
import type { ModelList, ServedModel } from './models/served-models.ts';
import { Operations } from './operations/operations.ts';
import { ThreadChoice } from './replicas/thread-choice.ts';
import { VersionMaker } from './replicas/version-maker.ts';

/** Metrics and admin API load after this time at the latest, so that operators can see why models are not ready. */
const SLOW_START_MS = 1_000;

/** Options of a start. */
export interface StartOptions {
  /** Whether a model that cannot be served fails the start. */
  readonly strict?: boolean;
  /** Whether it opens its port. Default true. */
  readonly opensPort?: boolean;
}

/** A complete server: the only place that combines policies, processes, HTTP, clock and random numbers. */
export class GalleyServer {
  readonly catalog: Catalog<ServedModel>;
  readonly registry: ModelRegistry;
  readonly health: ServerHealth;
  readonly operations: Operations;
  readonly scaler: Scaler;
  readonly routes: ServedRoutes;
  readonly control: ModelControl;
  /** Calls of models by models. */
  readonly calls: InnerCalls;
  front: HttpFrontend | undefined;
  readonly #config: LoadedConfig;
  readonly #settings: ServerSettings;
  readonly #ports: ServerPorts;
  readonly #tenantKeys: ReadonlyMap<string, string>;
  readonly #broken: readonly BrokenModel[];
  readonly #maker: VersionMaker;
  readonly #evictor: Evictor;
  readonly #threadChoice: ThreadChoice;
  #opening: Promise<void> | undefined;
  #port = 0;
  #stopped: Promise<void> | undefined;
  #gracePeriod: GracePeriod | undefined;

  /** Throws a SettingsError for invalid settings; a model with broken files does not affect the others. */
  constructor(config: LoadedConfig, ports: ServerPorts, models: ModelList = modelsToServe(config)) {
    const problems = [...models.problems, ...routeSettingsProblems(config, models)];
    if (problems.length > 0) throw new SettingsError(problems);
    this.#config = config;
    this.#settings = config.server;
    this.#ports = ports;
    this.catalog = new Catalog({
      clock: ports.clock,
      make: (served: ServedModel) => this.#maker.make(served),
      whyNoRoom: (spec, old) =>
        whyNoRoom(spec, old, {
          // Those that may be unloaded make room.
          loaded: this.#loaded().filter((other) => other === old || !other.spec.settings.evictable),
          budgetBytes: this.scaler.budget.memoryBytes,
        }),
      gracePeriodMs: config.server.shutdown.gracePeriodMs,
    });
    this.registry = this.catalog.registry;
    this.health = new ServerHealth(this.registry, config.server.readyWhen);
    this.operations = new Operations(config, ports);
    const isRollingOut = (version: VersionInService) =>
      this.catalog.rollouts().some((rollout) => rollout.old === version || rollout.new === version);
    this.scaler = new Scaler({
      ...{ clock: ports.clock, budget: machineBudget(config.server.machine), isRollingOut },
    });
    this.#evictor = new Evictor({
      clock: ports.clock,
      budgetBytes: this.scaler.budget.memoryBytes,
      loaded: () => this.#loaded(),
      isFixed: (version) => isRollingOut(version) || this.scaler.of(version)?.overridden !== undefined,
    });
    this.operations.watch(this.scaler);
    this.operations.watch(this.#evictor);
    this.operations.watchCatalog(this.catalog);
    const random = seededRandom(ports.seed);
    const { registry } = this;
    this.routes = new ServedRoutes({ ...ports, random: random.fork('routes'), registry });
    const { table } = this.routes;
    this.operations.watchRoutes(table);
    this.calls = new InnerCalls({ ...ports, random: random.fork('calls'), registry, table });
    this.#threadChoice = new ThreadChoice({ log: ports.log, scaler: this.scaler });
    const { operations, scaler } = this;
    const threadChoice = this.#threadChoice;
    this.#maker = new VersionMaker(config, ports, {
      ...{ operations, scaler, threadChoice, evictor: this.#evictor, calls: this.calls },
    });
    this.registry.forgotten.on((version) => {
      this.scaler.forget(version);
      this.#evictor.forget(version);
    });
    this.catalog.rolling.switched.on(({ old, new: version }) => this.scaler.succeed(old, version));
    this.registry.forgotten.on((version) => this.operations.rules.forget(version));
    this.#tenantKeys = tenantKeysOf(config);
    this.#broken = models.broken;
    for (const warning of models.warnings) ports.log.warn(warning);
    for (const each of models.served) this.catalog.open(each);
    for (const each of models.broken) this.catalog.add(this.#maker.makeUnfit(each, this.catalog));
    this.routes.apply(config);
    const { catalog, routes } = this;
    this.control = new ModelControl(config, {
      catalog,
      routes,
      log: ports.log,
      read: ports.read ?? (() => config),
    });
  }

  /** The address of the server, for instance `http://127.0.0.1:8000`. */
  get url(): string {
    const { host } = this.#settings;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /**
   * Starts all replicas, opens the port and resolves when every version is ready or has failed. A failed version does
   * not affect the others, and is retried. With `strict`, a model that cannot be served stops the server, and the promise
   * rejects with an OperatorError that names the model and the file.
   */
  async start({ strict = false, opensPort = true }: StartOptions = {}): Promise<void> {
    if (strict && this.#broken.length > 0) throw new SettingsError(this.#broken.map(brokenText));
    try {
      const settled = this.startModels(strict);
      this.#opening = this.#open(settled, opensPort);
      await Promise.all([settled, this.#opening]);
      this.routes.warn(this.#config);
      this.control.watch();
    } catch (caught) {
      await this.stop(0);
      throw caught;
    }
  }

  /** The same without opening the port, for `galley check`. */
  async startModels(strict = false): Promise<void> {
    const versions = this.registry.all();
    // Replicas first: they load their models while this process loads its other modules.
    for (const version of versions) version.start();
    this.operations.start();
    this.#keepStandby();
    await Promise.all(versions.map(async (version) => whenSettled(version, strict)));
  }

  /**
   * Reports not ready, finishes admitted requests and ends the replicas. Resolves when no replica process is left; all
   * callers share one shutdown.
   */
  async stop(gracePeriodMs: number = this.#settings.shutdown.gracePeriodMs): Promise<void> {
    this.#stopped ??= this.#stopOnce(gracePeriodMs);
    return this.#stopped;
  }

  /** Ends the grace period of a shutdown at once. */
  expedite(): void {
    this.#gracePeriod?.end();
  }

  /** Opens the port at once; metrics and admin API follow when the models are ready, or after 1 s. */
  async #open(ready: Promise<unknown>, opensPort: boolean): Promise<void> {
    const { HttpFrontend } = await import('./frontend/http-frontend.ts');
    const { clock, log, adminToken } = this.#ports;
    const { catalog, health, operations, scaler, routes, calls } = this;
    const commands = new OperatorCommands(this.control, { catalog, routes });
    const random = seededRandom(this.#ports.seed).fork('front');
    const tenantKeys = this.#tenantKeys;
    this.front = new HttpFrontend(this.#config, {
      ...{ clock, log, catalog, health, operations, scaler, adminToken, tenantKeys, random, routes },
      ...{ commands, calls },
    });
    if (opensPort) this.#port = await this.front.listen();
    if (this.health.phase === 'starting') this.health.enter('serving');
    const slow = new GracePeriod(this.#ports.clock);
    await Promise.race([ready.catch(() => {}), slow.wait(SLOW_START_MS)]);
    slow.end();
    if (this.health.phase === 'serving') await this.front.loadTheRest();
  }

  /** A process that waits saves a new replica most of its start, for the memory of an empty process. */
  #keepStandby(): void {
    const { standby, clock } = this.#ports;
    const mayScale = this.registry.all().some(({ spec }) => spec.settings.autoscaling !== undefined);
    standby?.keep(mayScale ? this.#settings.machine.standbyProcesses : 0, clock);
  }

  /** All versions that hold memory. */
  #loaded(): VersionInService[] {
    return [...this.registry.all(), ...this.registry.draining(), ...this.catalog.rolling.outside()];
  }

  async #stopOnce(gracePeriodMs: number): Promise<void> {
    const gracePeriod = new GracePeriod(this.#ports.clock);
    this.#gracePeriod = gracePeriod;
    const { lameDuckMs } = this.#settings.shutdown;

    const measured = this.#threadChoice.stop();
    this.health.enter('lame duck');
    if (gracePeriodMs > 0 && lameDuckMs > 0) await gracePeriod.wait(lameDuckMs);
    this.health.enter('draining');
    const gracePeriodOver = gracePeriod.wait(gracePeriodMs);
    if (gracePeriodMs > 0) await Promise.race([this.front?.finish(), gracePeriodOver]);

    this.scaler.stop();
    this.#evictor.stop();
    this.routes.stop();
    const control = this.control.stop();
    this.#ports.standby?.close();
    this.catalog.stop(gracePeriodMs > 0 ? 'drain' : 'kill');
    const stopped = whenStopped(this.catalog);
    await Promise.race([stopped, gracePeriodOver]);
    this.catalog.stop('kill');
    await stopped;
    gracePeriod.end();
    // Without this wait, a port that is being opened would stay open.
    await this.#opening?.catch(() => {});
    await this.front?.close();
    await Promise.all([this.operations.stop(), measured, control]);
  }
}
