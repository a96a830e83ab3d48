import type { Reason } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { METRICS, type MetricInfo, type MetricName } from './metric-catalogue.ts';
import { VersionMetrics } from './version-metrics.ts';
import { type Labels, type Sample, samplesOf } from './version-samples.ts';

/** Labels of requests for unknown models: a label with the caller's name would be unbounded. */
const NO_MODEL: Labels = { model: '', version: '' };

/** Metrics of alerts, of undelivered alerts and decisions, and of internal errors. */
export interface OperationsView {
  readonly alerts: Alerts;
  readonly dropped: { readonly alerts: number; readonly decisions: number };
  /** Contained internal errors, by the place where they were caught. */
  readonly internalErrors: ReadonlyMap<string, number>;
}

/** Metrics of request bodies. */
export interface BodiesView {
  bytes(): number;
  count(): number;
  /** Bodies that were refused or cut off, by reason. */
  refused(): Readonly<Record<string, number>>;
  /** The holders of the most bytes. */
  holders(): readonly { readonly name: string; readonly bytes: number }[];
}

/** Metrics of client connections. */
export interface ConnectionsView {
  count(): number;
  /** Connections that were closed or refused, by reason. */
  refused(): Readonly<Record<string, number>>;
}

export interface NetworkView {
  readonly bodies: BodiesView;
  readonly connections: ConnectionsView;
}

/** Counts events as they happen and renders the counts with prom-client on each scrape. */
export class Metrics {
  /** By version name, so that counters continue when a reload replaces a version. */
  readonly #byName = new Map<string, VersionMetrics>();
  readonly #refusedWithoutModel = new Map<Reason, number>();
  readonly #network: NetworkView;
  readonly #operations: OperationsView;
  #render: Promise<() => Promise<string>> | undefined;

  constructor(network: NetworkView, operations: OperationsView) {
    this.#network = network;
    this.#operations = operations;
  }

  watch(version: VersionInService): void {
    const counted = this.#byName.get(version.name);
    if (counted === undefined) this.#byName.set(version.name, new VersionMetrics(version));
    else counted.follow(version);
  }

  /** The counts of a version; undefined when it is not watched. */
  of(version: VersionInService): VersionMetrics | undefined {
    return this.#byName.get(version.name);
  }

  /** Drops the counts of a version that has ended, unless another version replaced it under its name. */
  forget(version: VersionInService): void {
    if (this.#byName.get(version.name)?.version === version) this.#byName.delete(version.name);
  }

  /** A request that was refused before it became an entry. */
  countRefused(version: VersionInService | undefined, reason: Reason): void {
    const counted = version && this.#byName.get(version.name);
    if (counted !== undefined) counted.countRefused(reason);
    else this.#refusedWithoutModel.set(reason, (this.#refusedWithoutModel.get(reason) ?? 0) + 1);
  }

  /** Starts the metrics of this process; the event-loop delay is sampled from now on. */
  async start(): Promise<void> {
    this.#render ??= this.#makeRegistry();
    await this.#render;
  }

  /** All metrics in the text format of Prometheus. */
  async render(): Promise<string> {
    this.#render ??= this.#makeRegistry();
    const render = await this.#render;
    return render();
  }

  /** Imported on first use, to keep the start of the server short. */
  async #makeRegistry(): Promise<() => Promise<string>> {
    const { Registry, collectDefaultMetrics } = await import('prom-client');
    const registry = new Registry();
    for (const [name, { type, help }] of Object.entries<MetricInfo>(METRICS)) {
      const get = () => ({ name, type, help, aggregator: 'sum', values: this.#samples(name as MetricName) });
      registry.registerMetric({ name, get } as never);
    }
    collectDefaultMetrics({ register: registry });
    return async () => registry.metrics();
  }

  #samples(name: MetricName): Sample[] {
    const { alerts, dropped } = this.#operations;
    const { bodies, connections } = this.#network;
    if (name === 'galley_body_bytes') return [{ labels: {}, value: bodies.bytes() }];
    if (name === 'galley_bodies') return [{ labels: {}, value: bodies.count() }];
    if (name === 'galley_bodies_refused_total') return byReason(bodies.refused());
    if (name === 'galley_body_holder_bytes') {
      return bodies.holders().map(({ name: holder, bytes }) => ({ labels: { holder }, value: bytes }));
    }
    if (name === 'galley_connections') return [{ labels: {}, value: connections.count() }];
    if (name === 'galley_connections_refused_total') return byReason(connections.refused());
    if (name === 'galley_alert') {
      return alerts.active().map((alert) => ({
        labels: { model: alert.model, alert: alert.name, severity: alert.severity },
        value: 1,
      }));
    }
    if (name === 'galley_alerts_dropped_total') return [{ labels: {}, value: dropped.alerts }];
    if (name === 'galley_internal_errors_total') {
      return [...this.#operations.internalErrors].map(([where, value]) => ({ labels: { where }, value }));
    }
    if (name === 'galley_decisions_dropped_total') return [{ labels: {}, value: dropped.decisions }];
    const samples = [...this.#byName.values()].flatMap((counted) => samplesOf(name, counted));
    if (name !== 'galley_requests_total') return samples;
    const refused = [...this.#refusedWithoutModel];
    return [...samples, ...refused.map(([outcome, value]) => ({ labels: { ...NO_MODEL, outcome }, value }))];
  }
}

function byReason(counted: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counted).map(([reason, value]) => ({ labels: { reason }, value }));
}
