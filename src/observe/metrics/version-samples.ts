import type { Histogram } from '../../base/histogram.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { REPLICA_STATES } from '../../replica/replica-state.ts';
import type { MetricName } from './metric-catalogue.ts';
import type { VersionMetrics } from './version-metrics.ts';

export type Labels = Readonly<Record<string, string>>;

/** One labelled value in the form that prom-client renders. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

const SECOND_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ROW_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const RATIO_BOUNDS = [0.5, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 5];

type ServerMetric =
  | 'galley_bodies'
  | 'galley_bodies_refused_total'
  | 'galley_body_bytes'
  | 'galley_body_holder_bytes'
  | 'galley_connections'
  | 'galley_connections_refused_total'
  | 'galley_alert'
  | 'galley_alerts_dropped_total'
  | 'galley_decisions_dropped_total'
  | 'galley_internal_errors_total';

/** The samples of a metric for one version. */
export function samplesOf(name: Exclude<MetricName, ServerMetric>, counted: VersionMetrics): Sample[] {
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
    case 'galley_prediction_ratio':
      return histogramSamples(name, labels, counted.predictionRatio, RATIO_BOUNDS, 1);
    case 'galley_objective_total':
      return [...counted.objective].map(([result, value]) => ({ labels: { ...labels, result }, value }));
    case 'galley_batch_target_rows':
      return plansOf(version).map(({ lane, target }) => ({
        labels: { ...labels, lane },
        value: target.rows,
      }));
    case 'galley_plan_factor':
      return plansOf(version).map(({ lane, planFactor }) => ({
        labels: { ...labels, lane },
        value: planFactor,
      }));
    case 'galley_not_finite_batches_total':
      return [{ labels, value: counted.notFinite }];
    case 'galley_single_flight_total':
      return [{ labels, value: counted.joined }];
    case 'galley_cache_requests_total': {
      const { cache } = version;
      if (cache === undefined) return [];
      return [
        { labels: { ...labels, result: 'hit' }, value: cache.hits },
        { labels: { ...labels, result: 'miss' }, value: cache.misses },
      ];
    }
    case 'galley_cache_bytes':
      return version.cache === undefined ? [] : [{ labels, value: version.cache.bytes }];
    case 'galley_queue_rows':
      return [{ labels, value: version.path.queue.rows }];
    case 'galley_queue_bytes':
      return [{ labels, value: version.path.queue.bytes }];
    case 'galley_in_flight_requests':
      return [{ labels, value: version.path.service.inFlight }];
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
      return [{ labels, value: version.path.quarantine.denied.size }];
    case 'galley_replica_memory_bytes':
      return replicas.map(({ replica, heartbeat }) => ({
        labels: { ...labels, replica },
        value: heartbeat?.rssBytes ?? 0,
      }));
    case 'galley_replica_cpu_seconds':
      return replicas.map(({ replica, heartbeat }) => ({
        labels: { ...labels, replica },
        value: (heartbeat?.cpuMs ?? 0) / 1000,
      }));
  }
}

/** The batch plan of each lane that has one. */
function plansOf({ path }: VersionInService) {
  return path.roster.service.list().flatMap(([lane]) => {
    const plan = path.planOf(lane);
    return plan === undefined ? [] : [{ lane, ...plan }];
  });
}

/** `unitsPerBound` converts the bounds to the recorded unit: 1000 for bounds in seconds and records in milliseconds. */
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
