import { REPLICA_STATES } from '../../replica/replica-state.ts';
import type { VersionSnapshot } from '../snapshot/version-snapshot.ts';
import type { MetricName } from './metric-catalogue.ts';
import { byLabel, histogramSamples, RATIOS, ROWS, type Sample, SECONDS, sample } from './sample.ts';
import type { SERVER_SAMPLES } from './server-samples.ts';
import type { VersionMetrics } from './version-metrics.ts';

type VersionMetric = Exclude<MetricName, keyof typeof SERVER_SAMPLES>;
type SamplesOf = (counted: VersionMetrics, now: VersionSnapshot, name: string) => Sample[];

/** The samples of a version for each metric: counts of events, and gauges of its snapshot. */
const VERSION_SAMPLES: Readonly<Record<VersionMetric, SamplesOf>> = {
  galley_requests_total: ({ requests }) => byLabel('outcome', requests),
  galley_batches_total: ({ batches }) =>
    [...batches].map(([key, value]) => {
      const [reason = '', outcome = ''] = key.split(' ');
      return sample(value, { reason, outcome });
    }),
  galley_request_duration_seconds: ({ requestMs }, _now, name) =>
    [...requestMs].flatMap(([outcome, durations]) => histogramSamples(name, durations, SECONDS, { outcome })),
  galley_queue_duration_seconds: ({ queueMs }, _now, name) => histogramSamples(name, queueMs, SECONDS),
  galley_service_duration_seconds: ({ serviceMs }, _now, name) => histogramSamples(name, serviceMs, SECONDS),
  galley_compute_duration_seconds: ({ computeMs }, _now, name) => histogramSamples(name, computeMs, SECONDS),
  galley_batch_rows: ({ batchRows }, _now, name) => histogramSamples(name, batchRows, ROWS),
  galley_prediction_ratio: ({ predictionRatio }, _now, name) =>
    histogramSamples(name, predictionRatio, RATIOS),
  galley_objective_total: ({ objective }) => byLabel('result', objective),
  galley_batch_target_rows: (_counted, { batching }) =>
    batching.lanes.flatMap(({ lane, targetRows: rows }) =>
      rows === undefined ? [] : sample(rows, { lane }),
    ),
  galley_plan_margin_seconds: (_counted, { batching: { margin } }) =>
    margin === null ? [] : [sample(margin.ms / 1000)],
  galley_late_share: (_counted, { batching: { margin } }) =>
    margin === null ? [] : [sample(margin.lateShare)],
  galley_not_finite_batches_total: ({ notFinite }) => [sample(notFinite)],
  galley_single_flight_total: ({ joined }) => [sample(joined)],
  galley_cache_requests_total: (_counted, { cache }) =>
    cache === null ? [] : [sample(cache.hits, { result: 'hit' }), sample(cache.misses, { result: 'miss' })],
  galley_cache_bytes: (_counted, { cache }) => (cache === null ? [] : [sample(cache.bytes)]),
  galley_queue_rows: (_counted, { queue }) => [sample(queue.rows)],
  galley_queue_bytes: (_counted, { queue }) => [sample(queue.bytes)],
  galley_in_flight_requests: (_counted, { inFlight }) => [sample(inFlight)],
  galley_replicas: (_counted, { replicas }) =>
    REPLICA_STATES.map((state) =>
      sample(replicas.filter((replica) => replica.state === state).length, { state }),
    ),
  galley_replica_restarts_total: (_counted, { replicas }) =>
    replicas.map(({ replica, restarts }) => sample(restarts, { replica })),
  galley_autoscaler_desired: (_counted, { scaling }) =>
    scaling === null || scaling.desired === null ? [] : [sample(scaling.desired)],
  galley_autoscaler_proposal: (_counted, { scaling }) =>
    byLabel('signal', scaling?.proposals.map(({ signal, replicas }) => [signal, replicas] as const) ?? []),
  galley_autoscaler_decisions_total: (_counted, { scaling }) =>
    scaling?.changes.map(({ direction, signal, count }) => sample(count, { direction, signal })) ?? [],
  galley_replica_start_seconds: (_counted, { scaling }) =>
    scaling === null || scaling.startMs === 0 ? [] : [sample(scaling.startMs / 1000)],
  galley_held_rows: (_counted, { scaling }) => (scaling === null ? [] : [sample(scaling.held)]),
  galley_probes_total: ({ probes }) => byLabel('result', probes),
  galley_recoveries_total: ({ recoveries }) => byLabel('how', recoveries),
  galley_ejections_total: ({ ejections }) => [sample(ejections)],
  galley_denied_inputs: (_counted, { deniedInputs }) => [sample(deniedInputs)],
  galley_replica_memory_bytes: (_counted, { replicas }) =>
    replicas.map(({ replica, memoryBytes = 0 }) => sample(memoryBytes, { replica })),
  galley_replica_cpu_seconds: (_counted, { replicas }) =>
    replicas.map(({ replica, cpuMs = 0 }) => sample(cpuMs / 1000, { replica })),
};

/** The samples of a metric for one version. */
export function samplesOf(name: VersionMetric, counted: VersionMetrics, now: VersionSnapshot): Sample[] {
  const { model, version } = counted.version.spec;
  const samples = VERSION_SAMPLES[name](counted, now, name);
  return samples.map((each) => ({ ...each, labels: { model, version, ...each.labels } }));
}
