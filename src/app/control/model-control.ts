import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { Catalog, Desired } from '../../fleet/catalog/catalog.ts';
import type { UnservedModel } from '../../gateway/model-commands.ts';
import type { BrokenModel } from '../../model/model-repository.ts';
import type { ServedModel } from '../models/served-models.ts';
import { DesiredModels } from './desired-models.ts';
import { ModelsThread } from './models-thread.ts';
import { ReloadedRoutes } from './reloaded-routes.ts';
import type { ModelScan } from './scan-models.ts';
import type { ServedRoutes } from './served-routes.ts';
import type { Settled } from './settling.ts';
import { placesOf } from './watched-places.ts';

/** Dependencies of {@link ModelControl}. */
export interface ModelControlPorts {
  readonly catalog: Catalog<ServedModel>;
  readonly routes: ServedRoutes;
  readonly log: Logger;
  /** Reads the settings file again. */
  readonly read: () => LoadedConfig;
}

/** How what is found on the disk is applied. */
export interface How extends Omit<Desired<ServedModel>, 'specs' | 'broken' | 'held'> {
  /** Models whose files are being changed. */
  readonly held?: Iterable<string>;
  /** The models of a command: all others stay as they are, because their files may be changing. */
  readonly only?: ReadonlySet<string>;
}

/** Every way to change which models are served, one after the other: the settings, the files, and operators. */
export class ModelControl {
  readonly desired: DesiredModels;
  readonly #ports: ModelControlPorts;
  readonly #thread = new ModelsThread();
  readonly #routes: ReloadedRoutes;
  #turn: Promise<unknown> = Promise.resolve();
  #broken: readonly BrokenModel[] = [];
  /** The problem that was logged last: one that lasts is logged once. */
  #said = '';
  /** What was logged of each broken model. */
  #saidOfModels: ReadonlySet<string> = new Set();
  readonly #stopped = new Event<undefined>();
  #isStopped = false;

  constructor(config: LoadedConfig, ports: ModelControlPorts) {
    this.#ports = ports;
    this.desired = new DesiredModels(config);
    this.#routes = new ReloadedRoutes(config, ports);
    this.#thread.changed.on((found) => void this.#follow(found));
    this.#thread.cut.on(() => {
      const { maxFiles } = config.server.watch;
      ports.log.warn(`there are more than ${maxFiles} files: not all are watched; raise watch.maxFiles`);
    });
  }

  /** Models that exist and are not served as they are. */
  get unserved(): readonly UnservedModel[] {
    const failed = this.#ports.catalog.unserved().map(({ spec, reason }) => {
      return { name: spec.model, version: spec.version, reason };
    });
    const unloaded = [...this.desired.unloaded].map((name) => ({ name, reason: 'unloaded' }));
    return [...failed, ...this.#broken, ...unloaded];
  }

  /** Applies changes of the models and of the settings file from now on. */
  watch(): void {
    const { server } = this.desired.config;
    if (server.watch.enabled) this.#thread.watch(placesOf(this.desired.config, []), server.watch);
  }

  /** Lists the models that the settings describe. Rejects with a SettingsError. */
  async scan(config: LoadedConfig): Promise<ModelScan> {
    return this.#thread.scan(config);
  }

  /** Runs one change after those before it have been applied. */
  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /**
   * Reads the settings and files again, and changes what is served accordingly, without losing a request. Settings that are
   * not valid, or that cannot be read, change nothing and are logged. Never rejects.
   */
  async reload(held: ReadonlySet<string> = new Set()): Promise<void> {
    await this.inTurn(async () => {
      try {
        const config = this.#ports.read();
        this.#checkFolder(config);
        const scan = await this.scan(this.desired.asRead(config));
        this.#routes.check(config, scan);
        this.desired.read(config);
        this.#routes.hold(config, scan);
        this.#apply(scan, { held, retried: namesOf(scan.served) });
        this.#routes.follow(config, scan, () => void this.#follow(NOTHING));
        this.#said = '';
      } catch (caught) {
        this.#logOnce('settings not reloaded: fix the problems; the current settings stay in effect', caught);
      }
    });
  }

  /** Applies what the settings, the files and operators ask for now. Rejects with a SettingsError. */
  async apply(how: How = {}): Promise<ModelScan> {
    const scan = await this.scan(this.desired.config);
    if (scan.problems.length > 0) throw new SettingsError(scan.problems);
    this.#apply(scan, how);
    return scan;
  }

  /** Resolves when nothing of a model loads, or when the server ends. */
  async settled(model: string): Promise<void> {
    const { catalog } = this.#ports;
    if (catalog.isSettled(model)) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!catalog.isSettled(model) && !this.#isStopped) return;
        for (const stop of stops) stop();
        resolve();
      };
      const stops = [catalog.rolling.rolledOut.on(look), this.#stopped.on(look)];
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.emit(undefined);
    await this.#thread.stop();
  }

  #apply(scan: ModelScan, { only, held = [], ...how }: How): void {
    if (this.#isStopped) return;
    const { unloaded } = this.desired;
    this.#broken = scan.broken.filter(({ name }) => !unloaded.has(name));
    this.#ports.catalog.apply({
      ...how,
      held: only === undefined ? new Set([...held, ...this.#routes.staying]) : this.#othersThan(only, scan),
      specs: scan.served.filter(({ model }) => !unloaded.has(model)),
      broken: new Set(this.#broken.map(({ name }) => name)),
    });
    const { config } = this.desired;
    if (config.server.watch.enabled) {
      this.#thread.watch(placesOf(config, scan.files), config.server.watch);
    }
    const before = this.#saidOfModels;
    this.#saidOfModels = new Set(this.#broken.map(brokenText));
    for (const text of this.#saidOfModels) if (!before.has(text)) this.#ports.log.error(text);
  }

  #othersThan(only: ReadonlySet<string>, { served }: ModelScan): ReadonlySet<string> {
    const { registry, rolling } = this.#ports.catalog;
    const loading = rolling.underWay().map(({ spec }) => spec.model);
    const all = [...registry.models(), ...loading, ...namesOf(served)];
    return new Set(all.filter((name) => !only.has(name)));
  }

  /** A folder that has vanished, as when a volume is not mounted, takes no model with it. */
  #checkFolder({ repository = 'missing' }: LoadedConfig): void {
    const before = this.desired.config.repository;
    if (before === undefined || repository === before) return;
    throw new SettingsError([
      `the models folder was ${before} and is ${repository} now: restart the server to serve from another folder`,
    ]);
  }

  /** Files have changed. */
  async #follow({ settled, changing }: Settled): Promise<void> {
    const held = new Set(changing);
    // The settings file has no model's name.
    if (settled.includes('')) return this.reload(held);
    await this.inTurn(async () => {
      try {
        await this.apply({ held });
        this.#said = '';
      } catch (caught) {
        this.#logOnce('the models folder is not read: what is served stays', caught);
      }
    });
  }

  #logOnce(message: string, caught: unknown): void {
    if (this.#isStopped) return;
    const problems = caught instanceof SettingsError ? caught.problems : [messageOf(caught)];
    const said = JSON.stringify([message, problems]);
    if (said === this.#said) return;
    this.#said = said;
    this.#ports.log.error({ problems }, message);
  }
}

/** What is left to do once the routes have changed. */
const NOTHING: Settled = { settled: [], changing: [] };

function namesOf(served: readonly ServedModel[]): ReadonlySet<string> {
  return new Set(served.map(({ model }) => model));
}

function brokenText({ name, version, reason }: BrokenModel): string {
  return `'${name}${version === undefined ? '' : `/${version}`}' is not served: ${reason}`;
}
