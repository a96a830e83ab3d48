import type { Logger } from 'pino';
import type { LoopClock } from '../../base/clock.ts';
import { type Reason, refuse } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { ServerSettings } from '../../config/server-settings.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { Catalog } from '../../fleet/catalog/catalog.ts';
import type { ServerHealth } from '../../fleet/catalog/server-health.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import { Arrivals } from '../../gateway/arrivals.ts';
import { BodyBudget } from '../../gateway/body-budget.ts';
import type { RefusedCall } from '../../gateway/call.ts';
import type { InnerCalls } from '../../gateway/composition/inner-calls.ts';
import { HeaderCheck } from '../../gateway/header-check.ts';
import { LocalCalls } from '../../gateway/local-calls.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';
import { routeView } from '../../gateway/routes/route-view.ts';
import { Tenants } from '../../gateway/tenants.ts';
import { Metrics } from '../../observe/metrics/metrics.ts';
import { Statistics } from '../../observe/metrics/statistics.ts';
import { Snapshots } from '../../observe/snapshot/server-snapshot.ts';
import { RepositoryRoutes } from '../../protocol/admin/repository-routes.ts';
import { Codec } from '../../protocol/codec/codec.ts';
import { FastLane } from '../../protocol/fast-lane/fast-lane.ts';
import { listen, makeHttpServer, takeConnections } from '../../protocol/http/http-server.ts';
import { NodeExchange } from '../../protocol/http/node-exchange.ts';
import { OpenRequests } from '../../protocol/http/open-requests.ts';
import { InferenceHandler } from '../../protocol/inference/inference-handler.ts';
import { Mount } from '../../protocol/mount.ts';
import { ExtensionRoutes } from '../../protocol/oip/extension-routes.ts';
import { ModelRoutes } from '../../protocol/oip/model-routes.ts';
import { Router } from '../../protocol/router.ts';
import type { ServedRoutes } from '../control/served-routes.ts';
import { grantedCores } from '../machine/cores.ts';
import { PACKAGE_VERSION } from '../machine/package-version.ts';
import { rarely } from '../machine/rarely.ts';
import type { Operations } from '../operations/operations.ts';
import { connectionsWithin, descriptorLimit } from './connection-limit.ts';
import { MemoryReturn } from './memory-return.ts';
import { networkSnapshot } from './network-snapshot.ts';

/** Reasons of requests that were refused before admission for lack of capacity. */
const SHED: ReadonlySet<Reason> = new Set(['QUEUE_FULL', 'CLASS_SHED', 'PREDICTED_LATE'] as const);

/** The parts of the server that the HTTP front end uses. */
export interface FrontendPorts {
  readonly clock: LoopClock;
  readonly log: Logger;
  readonly catalog: Pick<Catalog<VersionSpec>, 'registry' | 'rollouts'>;
  readonly health: ServerHealth;
  readonly operations: Operations;
  readonly scaler: Scaler;
  readonly adminToken: string | undefined;
  /** Tenants by the hash of their API keys. */
  readonly tenantKeys: ReadonlyMap<string, string>;
  readonly random: Random;
  readonly routes: ServedRoutes;
  readonly commands: ModelCommands;
  readonly calls: InnerCalls;
}

/** The network side of the server: header checks, codec, routes and the HTTP server. */
export class HttpFrontend {
  /** Takes requests that another HTTP server in this process has accepted. */
  readonly mount: Mount;
  /** Takes calls from the code of this process. */
  readonly calls: LocalCalls;
  readonly #settings: ServerSettings;
  readonly #ports: FrontendPorts;
  readonly #router: Router;
  readonly #http: ReturnType<typeof makeHttpServer>;
  readonly #codec: Codec;
  readonly #metrics: Metrics;
  readonly #snapshots: Snapshots;
  readonly #arrivals: Arrivals;
  readonly #memory: MemoryReturn;
  readonly #open: OpenRequests;
  readonly #lane: FastLane;

  constructor({ server: settings }: LoadedConfig, ports: FrontendPorts) {
    const { clock, catalog, health, log, operations, random } = ports;
    const { table } = ports.routes;
    const { registry } = catalog;
    this.#settings = settings;
    this.#ports = ports;
    const { maxBodyBytes, maxInFlightBytes, name } = settings;
    const { minBodyBytesPerSecond, maxPeerShare, writeStallMs } = settings.http;
    const budget = new BodyBudget({
      ...{ maxBytes: maxInFlightBytes, share: maxPeerShare },
      freed: (bytes) => this.#memory.freed(bytes),
    });
    this.#memory = new MemoryReturn(clock);
    this.#arrivals = new Arrivals(clock, minBodyBytesPerSecond);
    const tenants = new Tenants(settings.tenants, ports.tenantKeys, ports);
    const headerCheck = new HeaderCheck(registry, {
      maxBodyBytes,
      isAdmitting: () => health.isAdmitting,
      ...{ tenants, routes: table },
    });
    // One core is for the gateway's event loop; large JSON gets the rest, but at least one thread.
    this.#codec = new Codec(clock, Math.max(1, Math.floor(grantedCores()) - 1));
    const inference = new InferenceHandler(headerCheck, {
      ...{ clock, codec: this.#codec, budget, arrivals: this.#arrivals },
      routes: { clock, random: random.fork('routes'), registry, table },
    });
    this.calls = new LocalCalls(headerCheck, inference.ports);
    const models = new ModelRoutes({ registry, table }, health, { name, version: PACKAGE_VERSION });
    const statistics = new Statistics(registry);
    const wallMs = (at: number) => operations.wallMs(at);
    const extensions = new ExtensionRoutes({ registry, table, statistics, wallMs, commands: ports.commands });
    this.#router = new Router({
      ...{ inference, models, extensions, health },
      repository: new RepositoryRoutes(ports.commands, ports.adminToken),
    });
    const countRefused = ({ version, refusal }: RefusedCall) => {
      this.#metrics.countRefused(version, refusal.reason);
      if (SHED.has(refusal.reason)) operations.rules.countShed(version);
      if (refusal.reason === 'INTERNAL')
        log.error({ error: refusal.cause }, 'request ended by an internal error');
    };
    inference.refused.on(countRefused);
    ports.calls.refused.on(countRefused);
    const maxConnections = settings.http.maxConnections ?? connectionsWithin(descriptorLimit());
    const notKept = rarely(clock, (why, detail, count) =>
      log.warn({ why, connections: count }, `connections are refused or closed: ${detail}`),
    );
    this.#open = new OpenRequests(maxConnections, notKept);
    this.#snapshots = new Snapshots({
      ...{ catalog, health, operations, scaler: ports.scaler },
      network: () => networkSnapshot(budget, this.#arrivals, this.#open),
      routes: () => table.all().map(routeView),
    });
    this.#metrics = new Metrics(() => this.#snapshots.take());
    for (const version of registry.all()) this.#metrics.watch(version);
    registry.added.on((version) => this.#metrics.watch(version));
    registry.forgotten.on((version) => this.#metrics.forget(version));
    const terms = { clock, writeStallMs };
    this.mount = new Mount(terms, (exchange, pass) => this.#route(exchange, pass));
    this.#http = makeHttpServer(settings.http, maxConnections, (req, res) => {
      const { socket } = req;
      const exchange = new NodeExchange(terms, req, res);
      res.on('close', () => {
        this.#open.leave(socket, exchange);
        exchange.closed();
      });
      this.#open.enter(socket, exchange, () => this.#route(exchange));
    });
    this.#open.watch(this.#http);
    const leaveToNode = takeConnections(this.#http, (socket) => {
      this.#open.opened(socket);
      if (settings.http.fastLane) this.#lane.take(socket);
      else leaveToNode(socket);
    });
    this.#lane = new FastLane(settings.http, {
      ...{ clock, open: this.#open, wallMs, leaveToNode },
      handle: (exchange) => inference.handle(exchange, exchange.head.route),
    });
  }

  /** An internal error ends the request, never the server. */
  #route(exchange: NodeExchange, pass?: () => void): void {
    try {
      this.#router.route(exchange, pass);
    } catch (caught) {
      const { log } = this.#ports;
      log.error({ error: caught, url: exchange.req.url }, 'request ended by an internal error');
      exchange.fail(refuse('INTERNAL', 'internal error'));
    }
  }

  /** Opens the port and resolves with its number. */
  async listen(): Promise<number> {
    return listen(this.#http, this.#settings.host, this.#settings.port);
  }

  /** Loads what inference does not need: codec threads, metrics, admin API. */
  async loadTheRest(): Promise<void> {
    const { makeOtherRoutes } = await import('../../protocol/other-routes.ts');
    const { catalog, operations, adminToken, scaler, routes, commands } = this.#ports;
    this.#router.useOther(
      await makeOtherRoutes({
        ...{ registry: catalog.registry, operations, adminToken, scaler, commands },
        routes: { table: routes.table, problem: () => routes.problem },
        ...{ metrics: this.#metrics, snapshots: this.#snapshots },
      }),
    );
    this.#codec.start();
    await this.#metrics.start();
  }

  /** Accepts no new connections, refuses incomplete requests, and resolves when every answer is sent. */
  async finish(): Promise<void> {
    this.#http.close();
    this.#router.close();
    this.#lane.closeIdle();
    this.#arrivals.cutIncomplete();
    this.#open.cutIncomplete();
    await Promise.all([this.#open.whenNone(), this.mount.finish(), this.calls.whenNone()]);
  }

  /** All metrics in the text format of Prometheus. */
  async renderMetrics(): Promise<string> {
    return this.#metrics.render();
  }

  /** Closes all open connections. */
  async close(): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    this.mount.close();
    this.#lane.closeAll();
    this.#arrivals.stop();
    this.#memory.stop();
    await this.#codec.stop();
  }
}
