import type { Server } from 'node:http';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { BodyBudget } from '../api/body-budget.ts';
import { Codec } from '../api/codec.ts';
import { Door } from '../api/door.ts';
import { listen, makeHttpServer } from '../api/http-server.ts';
import { InferenceHandler } from '../api/inference-handler.ts';
import { ModelRoutes } from '../api/model-routes.ts';
import { OpenRequests } from '../api/open-requests.ts';
import { Router } from '../api/router.ts';
import type { Clock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ServerSettings } from '../config/server-settings.ts';
import { ModelRegistry } from '../fleet/model-registry.ts';
import { ServerHealth } from '../fleet/server-health.ts';
import { VersionInService } from '../fleet/version-in-service.ts';
import { logVersion } from '../observe/event-log.ts';
import { Metrics } from '../observe/metrics.ts';
import { ProcessSpawner } from '../process/spawner.ts';
import { loadOrderOf } from './load-order.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import { listServedModels, type ServedModel } from './served-models.ts';

/** What a server takes from the outside. */
export interface ServerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A whole server, put together: the only place where policies, processes, HTTP, clock and chance meet. */
export class GalleyServer {
  readonly registry = new ModelRegistry();
  readonly health = new ServerHealth(this.registry);
  readonly #settings: ServerSettings;
  readonly #served: readonly ServedModel[];
  readonly #ports: ServerPorts;
  readonly #router: Router;
  readonly #http: Server;
  readonly #codec: Codec;
  readonly #metrics: Metrics;
  readonly #open = new OpenRequests();
  #port = 0;
  #stopped: Promise<void> | undefined;
  #hurry: (() => void) | undefined;

  /** Throws a SettingsError when settings and model files do not fit together. */
  constructor(config: LoadedConfig, ports: ServerPorts) {
    this.#settings = config.server;
    this.#ports = ports;
    this.#served = listServedModels(config);
    const budget = new BodyBudget(config.server.maxInFlightBytes);
    const { maxBodyBytes } = config.server;
    const door = new Door(this.registry, budget, { maxBodyBytes, isAdmitting: () => this.health.isAdmitting });
    // One core is for the front door; large JSON gets what is left, but at least one thread.
    this.#codec = new Codec(Math.max(1, availableParallelism() - 1));
    const inference = new InferenceHandler(ports.clock, door, this.#codec);
    const identity = { name: config.server.name, version: PACKAGE_VERSION };
    this.#router = new Router(inference, new ModelRoutes(this.registry, this.health, identity), this.health);
    this.#metrics = new Metrics(() => budget.bytes);
    inference.refused.on(({ version, refusal }) => this.#metrics.countRefused(version, refusal.reason));
    this.#http = makeHttpServer(config.server.http, (req, res) => {
      this.#open.enter(res);
      this.#router.route(req, res);
    });
  }

  /** Where it answers, for instance `http://127.0.0.1:8000`. */
  get url(): string {
    const { host } = this.#settings;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /**
   * Opens the port, starts all replicas and resolves when every version is ready. When one cannot be had, ends
   * everything it began and rejects with an OperatorError that names the model and the file.
   */
  async start(onListening: (server: GalleyServer) => void = () => {}): Promise<void> {
    const versions = this.#served.map((model) => this.#makeVersion(model));
    try {
      this.#port = await listen(this.#http, this.#settings.host, this.#settings.port);
      // Children first: they load while this process loads the rest of itself.
      for (const version of versions) version.start();
      this.health.enter('serving');
      onListening(this);
      await Promise.all([this.#loadTheRest(), ...versions.map(async (version) => whenReady(version))]);
    } catch (caught) {
      await this.stop(0);
      throw caught;
    }
  }

  /**
   * Says not ready, finishes what was admitted, ends the replicas. Resolves when no child is left; every caller
   * shares one shutdown.
   */
  async stop(patienceMs: number = this.#settings.shutdown.patienceMs): Promise<void> {
    this.#stopped ??= this.#stopOnce(patienceMs);
    return this.#stopped;
  }

  /** Cuts a shutdown's patience short. */
  hurry(): void {
    this.#hurry?.();
  }

  #makeVersion(served: ServedModel): VersionInService {
    const { model, file, settings, ownSample } = served;
    const { log } = this.#ports;
    const spawner = new ProcessSpawner(loadOrderOf(served), ({ replica, stream, line }) => {
      log[stream === 'stderr' ? 'warn' : 'info']({ replica, stream, line }, 'replica wrote');
    });
    const version = new VersionInService({ model, version: file.version, file: file.file, settings, ownSample }, { ...this.#ports, spawner });
    this.registry.add(version);
    this.#metrics.watch(version);
    logVersion(log, version);
    return version;
  }

  async #loadTheRest(): Promise<void> {
    const { makeOtherRoutes } = await import('../api/other-routes.ts');
    this.#router.useOther(await makeOtherRoutes(this.registry, this.#metrics));
    await this.#codec.start();
  }

  async #stopOnce(patienceMs: number): Promise<void> {
    const patience = new Patience(this.#ports.clock);
    this.#hurry = () => patience.end();
    const { lameDuckMs } = this.#settings.shutdown;

    this.health.enter('lame duck');
    if (patienceMs > 0 && lameDuckMs > 0) await patience.wait(lameDuckMs);
    this.health.enter('draining');
    const outOfPatience = patience.wait(patienceMs);
    this.#http.close();
    await Promise.race([this.#open.whenNone(), outOfPatience]);
    this.#http.closeIdleConnections();

    const versions = this.registry.all();
    const allStopped = Promise.all(versions.map(async (version) => whenStopped(version)));
    for (const version of versions) version.stop(patienceMs > 0 ? 'drain' : 'kill');
    await Promise.race([allStopped, outOfPatience]);
    for (const version of versions) version.stop('kill');
    await allStopped;
    patience.end();
    this.#http.closeAllConnections();
    await this.#codec.stop();
  }
}

/** Waiting that can be cut short, and that leaves no timer behind. */
class Patience {
  readonly #clock: Clock;
  readonly #ends: (() => void)[] = [];
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async wait(ms: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.at(this.#clock.now() + ms, resolve);
      this.#ends.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  end(): void {
    this.#isOver = true;
    for (const end of this.#ends.splice(0)) end();
  }
}

async function whenReady(version: VersionInService): Promise<void> {
  if (version.isReady) return;
  await new Promise<void>((resolve, reject) => {
    version.stateChanged.on((state) => {
      if (state === 'ready') resolve();
      if (state === 'failed') reject(new OperatorError(`model '${version.name}' cannot be served: ${version.failure} (${version.spec.file})`));
      if (state === 'stopping') reject(new OperatorError('the server was stopped before it was ready'));
    });
  });
}

async function whenStopped(version: VersionInService): Promise<void> {
  if (version.supervisor.isStopped) return;
  await new Promise<void>((resolve) => {
    version.supervisor.ended.on(() => {
      if (version.supervisor.isStopped) resolve();
    });
  });
}
