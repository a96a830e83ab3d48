import type { Reason } from '../base/errors.ts';
import type { Histogram } from '../base/histogram.ts';
import type { Alerts } from '../fleet/alerts.ts';
import type { VersionInService } from '../fleet/version-in-service.ts';
import { REPLICA_STATES } from '../replica/replica-state.ts';
import { METRICS, type MetricInfo, type MetricName } from './metric-catalogue.ts';
import { VersionMetrics } from './version-metrics.ts';

type Labels = Readonly<Record<string, string>>;

/** One number under its labels, in the form the scrape library writes out. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

const SECOND_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ROW_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Where a request is counted whose model does not exist: its name is the caller's invention. */
const NO_MODEL: Labels = { model: '', version: '' };

/** What metrics tell of alerts and of what could not be told. */
export interface OperationsView {
  readonly alerts: Alerts;
  readonly dropped: { readonly alerts: number; readonly decisions: number };
}

/** Counts what happens and writes it out when it is scraped. Counting is ours, writing the library's. */
export class Metrics {
  readonly #versions = new Map<VersionInService, VersionMetrics>();
  readonly #refusedWithoutModel = new Map<Reason, number>();
  readonly #bodyBytes: () => number;
  readonly #operations: OperationsView;
  #render: Promise<() => Promise<string>> | undefined;

  constructor(bodyBytes: () => number, operations: OperationsView) {
    this.#bodyBytes = bodyBytes;
    this.#operations = operations;
  }

  watch(version: VersionInService): void {
    this.#versions.set(version, new VersionMetrics(version));
  }

  /** It has ended; what it counted goes with it. */
  forget(version: VersionInService): void {
    this.#versions.delete(version);
  }

  /** A request that was refused before it became an entry. */
  countRefused(version: VersionInService | undefined, reason: Reason): void {
    const counted = version && this.#versions.get(version);
    if (counted !== undefined) counted.countRefused(reason);
    else this.#refusedWithoutModel.set(reason, (this.#refusedWithoutModel.get(reason) ?? 0) + 1);
  }

  /** Begins to watch this process: the delay of its event loop is sampled from here on. */
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

  /** Loaded late: a server starts faster without. */
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
    if (name === 'galley_body_bytes') return [{ labels: {}, value: this.#bodyBytes() }];
    if (name === 'galley_alert') {
      return alerts.active().map((alert) => ({
        labels: { model: alert.model, alert: alert.name, severity: alert.severity },
        value: 1,
      }));
    }
    if (name === 'galley_alerts_dropped_total') return [{ labels: {}, value: dropped.alerts }];
    if (name === 'galley_decisions_dropped_total') return [{ labels: {}, value: dropped.decisions }];
    const samples = [...this.#versions.values()].flatMap((counted) => samplesOf(name, counted));
    if (name !== 'galley_requests_total') return samples;
    const refused = [...this.#refusedWithoutModel];
    return [...samples, ...refused.map(([outcome, value]) => ({ labels: { ...NO_MODEL, outcome }, value }))];
  }
}

type ServerMetric =
  | 'galley_body_bytes'
  | 'galley_alert'
  | 'galley_alerts_dropped_total'
  | 'galley_decisions_dropped_total';

function samplesOf(name: Exclude<MetricName, ServerMetric>, counted: VersionMetrics): Sample[] {
  const { version } = counted;
  const labels = { model: version.spec.model, version: version.spec.version };
  const replicas = version.supervisor.replicas();
  switch (name) {
    case 'galley_requests_total':
      return [...counted.requests].map(([outcome, value]) => ({ labels: { ...labels, outcome }, value }));
    case 'galley_batches_total':
      return [...counted.batches].map(([key, value]) => {
        const [reason = '', outcome = ''] = key.split(' ');
        return { labels: { ...labels, reason, outcome }, value };
      });
    case 'galley_request_duration_seconds':
      return [...counted.requestMs].flatMap(([outcome, durations]) =>
        histogramSamples(name, { ...labels, outcome }, durations, SECOND_BOUNDS, 1000),
      );
    case 'galley_queue_duration_seconds':
      return histogramSamples(name, labels, counted.queueMs, SECOND_BOUNDS, 1000);
    case 'galley_service_duration_seconds':
      return histogramSamples(name, labels, counted.serviceMs, SECOND_BOUNDS, 1000);
    case 'galley_compute_duration_seconds':
      return histogramSamples(name, labels, counted.computeMs, SECOND_BOUNDS, 1000);
    case 'galley_batch_rows':
      return histogramSamples(name, labels, counted.batchRows, ROW_BOUNDS, 1);
    case 'galley_queue_rows':
      return [{ labels, value: version.path.queue.rows }];
    case 'galley_queue_bytes':
      return [{ labels, value: version.path.queue.bytes }];
    case 'galley_in_flight_requests':
      return [{ labels, value: version.path.inFlight }];
    case 'galley_replicas':
      return REPLICA_STATES.map((state) => ({
        labels: { ...labels, state },
        value: replicas.filter((replica) => replica.state === state).length,
      }));
    case 'galley_replica_restarts_total':
      return replicas.map(({ replica, restarts }) => ({ labels: { ...labels, replica }, value: restarts }));
    case 'galley_probes_total':
      return [...counted.probes].map(([result, value]) => ({ labels: { ...labels, result }, value }));
    case 'galley_recoveries_total':
      return [...counted.recoveries].map(([how, value]) => ({ labels: { ...labels, how }, value }));
    case 'galley_ejections_total':
      return [{ labels, value: counted.ejections }];
    case 'galley_denied_inputs':
      return [{ labels, value: version.path.denyList.size }];
    case 'galley_replica_memory_bytes':
      return replicas.map(({ replica, beat }) => ({
        labels: { ...labels, replica },
        value: beat?.rssBytes ?? 0,
      }));
    case 'galley_replica_cpu_seconds':
      return replicas.map(({ replica, beat }) => ({
        labels: { ...labels, replica },
        value: (beat?.cpuMs ?? 0) / 1000,
      }));
  }
}

/** `unitsPerBound` turns the bounds into what was recorded: 1000 for seconds where it was milliseconds. */
function histogramSamples(
  name: MetricName,
  labels: Labels,
  histogram: Histogram,
  bounds: readonly number[],
  unitsPerBound: number,
): Sample[] {
  const bucket = (le: string, value: number) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  });
  return [
    ...bounds.map((bound) => bucket(String(bound), histogram.countUpTo(bound * unitsPerBound))),
    bucket('+Inf', histogram.count),
    { metricName: `${name}_sum`, labels, value: histogram.sum / unitsPerBound },
    { metricName: `${name}_count`, labels, value: histogram.count },
  ];
}
