import type { Reason } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ServerSnapshot } from '../snapshot/server-snapshot.ts';
import { METRICS, type MetricName } from './metric-catalogue.ts';
import type { MetricInfo } from './metric-info.ts';
import { byLabel, type Labels, type Sample } from './sample.ts';
import { SERVER_SAMPLES } from './server-samples.ts';
import { VersionMetrics } from './version-metrics.ts';
import { samplesOf } from './version-samples.ts';

/** Labels of requests for unknown models: a label with the caller's name would be unbounded. */
const NO_MODEL: Labels = { model: '', version: '' };

/** Counts events as they happen and renders the counts with prom-client on each scrape. */
export class Metrics {
  /** By version name, so that counters continue when a reload replaces a version. */
  readonly #byName = new Map<string, VersionMetrics>();
  readonly #refusedWithoutModel = new Map<Reason, number>();
  readonly #take: () => ServerSnapshot;
  /** The server at the last scrape: all gauges of a scrape show the same moment. */
  #snapshot: ServerSnapshot;
  #render: Promise<() => Promise<string>> | undefined;

  constructor(take: () => ServerSnapshot) {
    this.#take = take;
    this.#snapshot = take();
  }

  watch(version: VersionInService): void {
    const counted = this.#byName.get(version.name);
    if (counted === undefined) this.#byName.set(version.name, new VersionMetrics(version));
    else counted.follow(version);
  }

  /** The counts of a version; undefined when it is not watched. */
  of(name: string): VersionMetrics | undefined {
    return this.#byName.get(name);
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
    this.#snapshot = this.#take();
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
    if (isOfServer(name)) return SERVER_SAMPLES[name](this.#snapshot);
    const { models, draining } = this.#snapshot;
    const versions = [...models.flatMap((model) => model.versions), ...draining];
    const samples = [...this.#byName].flatMap(([of, counted]) => {
      const now = versions.find((version) => version.name === of);
      return now === undefined ? [] : samplesOf(name, counted, now);
    });
    if (name !== 'galley_requests_total') return samples;
    const refused = byLabel('outcome', this.#refusedWithoutModel);
    return [...samples, ...refused.map((each) => ({ ...each, labels: { ...NO_MODEL, ...each.labels } }))];
  }
}

function isOfServer(name: MetricName): name is keyof typeof SERVER_SAMPLES {
  return name in SERVER_SAMPLES;
}
