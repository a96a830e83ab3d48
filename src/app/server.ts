import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ServerSettings } from '../config/server-settings.ts';
import { SettingsError } from '../config/settings-problem.ts';
import { ModelRegistry } from '../fleet/model-registry.ts';
import { ServerHealth } from '../fleet/server-health.ts';
import { Swap, type Swapped } from '../fleet/swap.ts';
import type { VersionInService } from '../fleet/version-in-service.ts';
import type { StandbyProcesses } from '../process/replica-process.ts';
import { ProcessSpawner } from '../process/spawner.ts';
import { DEPENDENCY_CHECKS } from './dependency-checks.ts';
import type { Front } from './front.ts';
import { loadOrderOf } from './load-order.ts';
import { countOomKills } from './oom-kills.ts';
import { Operations } from './operations.ts';
import { Patience } from './patience.ts';
import { preflight } from './preflight.ts';
import { listServedModels, type ServedModel } from './served-models.ts';
import { tenantKeysOf } from './tenant-keys.ts';
import { whenStopped } from './when-stopped.ts';

/** Models that are not ready by then must not keep metrics and admin from whoever wants to know why. */
const SLOW_START_MS = 1_000;

/** What a server takes from the outside. */
export interface ServerPorts {
  readonly clock: Clock;
  /** Of all chance: the same seed and the same inputs lead to the same decisions. */
  readonly seed: string;
  readonly log: Logger;
  /** Processes already started for the first replicas. */
  readonly standby?: StandbyProcesses;
  /** Lets whoever bears it use the admin API from anywhere; undefined lets nobody. */
  readonly adminToken?: string | undefined;
}

/** A whole server, put together: the only place where policies, processes, HTTP, clock and chance meet. */
export class GalleyServer {
  readonly registry = new ModelRegistry();
  readonly health: ServerHealth;
  readonly operations: Operations;
  readonly #config: LoadedConfig;
  readonly #settings: ServerSettings;
  readonly #ports: ServerPorts;
  readonly #tenantKeys: ReadonlyMap<string, string>;
  #front: Front | undefined;
  #opening: Promise<void> | undefined;
  #port = 0;
  #stopped: Promise<void> | undefined;
  #patience: Patience | undefined;

  /** Throws a SettingsError when settings and model files do not fit together. */
  constructor(config: LoadedConfig, ports: ServerPorts) {
    this.#config = config;
    this.#settings = config.server;
    this.#ports = ports;
    this.health = new ServerHealth(this.registry, config.server.readyWhen);
    this.operations = new Operations(config, ports.clock, ports.seed, ports.log);
    this.registry.forgotten.on((version) => this.operations.rules.forget(version));
    this.#tenantKeys = tenantKeysOf(config);
    const served = listServedModels(config);
    const { problems, warnings } = preflight(config.server, served);
    if (problems.length > 0) throw new SettingsError(problems);
    for (const warning of warnings) ports.log.warn(warning);
    for (const each of served) this.registry.add(this.#makeVersion(each));
  }

  /** Where it answers, for instance `http://127.0.0.1:8000`. */
  get url(): string {
    const { host } = this.#settings;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /**
   * Starts all replicas, opens the port and resolves when every version is ready. When one cannot be had, ends
   * everything it began and rejects with an OperatorError that names the model and the file.
   */
  async start(): Promise<void> {
    const versions = this.registry.all();
    try {
      // Children first: they load their models while this process loads the rest of itself.
      for (const version of versions) version.start();
      this.operations.start();
      this.#ports.standby?.close();
      const ready = Promise.all(versions.map(async (version) => whenReady(version)));
      this.#opening = this.#open(ready);
      await Promise.all([ready, this.#opening]);
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
    this.#patience?.end();
  }

  /** Opens the port at once; what no prediction needs follows when the models are ready, or take their time. */
  async #open(ready: Promise<unknown>): Promise<void> {
    const { Front } = await import('./front.ts');
    const { clock, log, adminToken } = this.#ports;
    const { registry, health, operations } = this;
    const random = seededRandom(this.#ports.seed).fork('front');
    const tenantKeys = this.#tenantKeys;
    this.#front = new Front(this.#config, {
      ...{ clock, log, registry, health, operations, adminToken, tenantKeys, random },
    });
    this.#port = await this.#front.listen();
    if (this.health.phase === 'starting') this.health.enter('serving');
    const slow = new Patience(this.#ports.clock);
    await Promise.race([ready.catch(() => {}), slow.wait(SLOW_START_MS)]);
    slow.end();
    if (this.health.phase === 'serving') await this.#front.loadTheRest();
  }

  #makeVersion(served: ServedModel): VersionInService {
    const { model, file, settings, ownSample } = served;
    const { log, clock, seed, standby } = this.#ports;
    const onOutput = ({ replica, stream, line }: { replica: string; stream: string; line: string }) => {
      log[stream === 'stderr' ? 'warn' : 'info'](
        { model, version: file.version, replica, stream, line },
        'replica wrote',
      );
    };
    const spawner = new ProcessSpawner(loadOrderOf(served), onOutput, { standby, oomKills: countOomKills });
    const spec = { model, version: file.version, file: file.file, settings, ownSample };
    const random = seededRandom(seed);
    return this.operations.makeVersion(spec, { clock, random, spawner, dependencies: DEPENDENCY_CHECKS });
  }

  /**
   * Puts what the settings and files now say of a version in the place of the one that serves, without losing a
   * request. Resolves when the switch is done, or was not to be had; the old version then serves on.
   */
  async swap(old: VersionInService, served: ServedModel): Promise<Swapped> {
    const replacement = this.#makeVersion(served);
    const { patienceMs } = this.#settings.shutdown;
    const swap = new Swap(this.#ports.clock, this.registry, { old, new: replacement }, patienceMs);
    return new Promise((resolve) => {
      swap.ended.on((result) => {
        if (result.kind === 'kept') this.operations.rules.forget(replacement);
        resolve(result);
      });
      swap.start();
    });
  }

  async #stopOnce(patienceMs: number): Promise<void> {
    const patience = new Patience(this.#ports.clock);
    this.#patience = patience;
    const { lameDuckMs } = this.#settings.shutdown;

    this.health.enter('lame duck');
    if (patienceMs > 0 && lameDuckMs > 0) await patience.wait(lameDuckMs);
    this.health.enter('draining');
    const outOfPatience = patience.wait(patienceMs);
    if (patienceMs > 0) await Promise.race([this.#front?.finish(), outOfPatience]);

    const versions = [...this.registry.all(), ...this.registry.leaving()];
    const allStopped = Promise.all(versions.map(async (version) => whenStopped(version)));
    for (const version of versions) version.stop(patienceMs > 0 ? 'drain' : 'kill');
    await Promise.race([allStopped, outOfPatience]);
    for (const version of versions) version.stop('kill');
    await allStopped;
    patience.end();
    // A port that is just being opened would otherwise stay open.
    await this.#opening?.catch(() => {});
    await this.#front?.close();
    await this.operations.stop();
  }
}

async function whenReady(version: VersionInService): Promise<void> {
  if (version.isReady) return;
  await new Promise<void>((resolve, reject) => {
    version.stateChanged.on((state) => {
      if (state === 'ready') resolve();
      if (state === 'failed')
        reject(
          new OperatorError(
            `model '${version.name}' cannot be served: ${version.failure} (${version.spec.file})`,
          ),
        );
      if (state === 'stopping') reject(new OperatorError('the server was stopped before it was ready'));
    });
  });
}
