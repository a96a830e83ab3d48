import type { MetricInfo } from './metric-info.ts';
import { ROUTE_METRICS } from './route-metrics.ts';

export const METRICS = {
  galley_requests_total: {
    type: 'counter',
    help: 'Inference requests answered, by outcome: ok or the reason code of the refusal.',
    labels: ['model', 'version', 'outcome'],
  },
  galley_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from admission to answer, by outcome.',
    labels: ['model', 'version', 'outcome'],
  },
  galley_queue_duration_seconds: {
    type: 'histogram',
    help: 'Time from admission to dispatch in a batch.',
    labels: ['model', 'version'],
  },
  galley_batch_rows: { type: 'histogram', help: 'Rows per batch.', labels: ['model', 'version'] },
  galley_batches_total: {
    type: 'counter',
    help: 'Batches, by the reason for their dispatch (size, timer, idle, slack, retry, bisect, isolation) and by their outcome (done, threw, lost).',
    labels: ['model', 'version', 'reason', 'outcome'],
  },
  galley_service_duration_seconds: {
    type: 'histogram',
    help: 'Time from sending a batch to a replica to its last answer.',
    labels: ['model', 'version'],
  },
  galley_compute_duration_seconds: {
    type: 'histogram',
    help: 'Compute time of a batch in the runtime, measured by the replica.',
    labels: ['model', 'version'],
  },
  galley_queue_rows: { type: 'gauge', help: 'Rows in the queue.', labels: ['model', 'version'] },
  galley_queue_bytes: {
    type: 'gauge',
    help: 'Bytes of inputs in the queue.',
    labels: ['model', 'version'],
  },
  galley_in_flight_requests: {
    type: 'gauge',
    help: 'Requests that are admitted and not yet answered.',
    labels: ['model', 'version'],
  },
  galley_replicas: { type: 'gauge', help: 'Replicas by state.', labels: ['model', 'version', 'state'] },
  galley_replica_restarts_total: {
    type: 'counter',
    help: 'Restarts of a replica: its processes after the first one.',
    labels: ['model', 'version', 'replica'],
  },
  galley_replica_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of a replica process.',
    labels: ['model', 'version', 'replica'],
  },
  galley_replica_cpu_seconds: {
    type: 'gauge',
    help: 'CPU time of the current process of a replica.',
    labels: ['model', 'version', 'replica'],
  },
  galley_autoscaler_desired: {
    type: 'gauge',
    help: 'Replicas that the scaling policy wants, before the limits of the machine.',
    labels: ['model', 'version'],
  },
  galley_autoscaler_proposal: {
    type: 'gauge',
    help: 'Replicas that each signal asks for.',
    labels: ['model', 'version', 'signal'],
  },
  galley_autoscaler_decisions_total: {
    type: 'counter',
    help: 'Changes of the number of replicas, by direction and by the signal that decided.',
    labels: ['model', 'version', 'direction', 'signal'],
  },
  galley_replica_start_seconds: {
    type: 'gauge',
    help: 'Time from the start of a replica to its readiness that one start in ten exceeds.',
    labels: ['model', 'version'],
  },
  galley_held_rows: {
    type: 'gauge',
    help: 'Rows that wait while no replica is ready.',
    labels: ['model', 'version'],
  },
  galley_machine_cores: {
    type: 'gauge',
    help: 'Cores for the replicas of all models (limit), and those that their threads use (used).',
    labels: ['kind'],
  },
  galley_probes_total: {
    type: 'counter',
    help: 'Readiness checks of replicas, by result (evidence: a batch succeeded recently; deferred: the replica is busy; none: no golden input is known; passed, failed or mismatch: result of the golden input).',
    labels: ['model', 'version', 'result'],
  },
  galley_recoveries_total: {
    type: 'counter',
    help: 'Failed or lost batches that ran again, by method (retry, isolate, bisect, ask another).',
    labels: ['model', 'version', 'how'],
  },
  galley_ejections_total: {
    type: 'counter',
    help: 'Ejections of replicas.',
    labels: ['model', 'version'],
  },
  galley_denied_inputs: {
    type: 'gauge',
    help: 'Inputs that are refused because they ended replicas.',
    labels: ['model', 'version'],
  },
  galley_prediction_ratio: {
    type: 'histogram',
    help: 'Ratio of the measured compute time of a batch to the predicted time.',
    labels: ['model', 'version'],
  },
  galley_objective_total: {
    type: 'counter',
    help: 'Requests of models with a latency objective, by result: kept (answered within it) or missed (answered late, timed out, or refused for lack of time or capacity).',
    labels: ['model', 'version', 'result'],
  },
  galley_batch_target_rows: {
    type: 'gauge',
    help: 'Planned rows per batch, by lane (the sizes along dynamic axes).',
    labels: ['model', 'version', 'lane'],
  },
  galley_plan_margin_seconds: {
    type: 'gauge',
    help: 'Time that plans leave free before the objective; regulated by the share of late answers.',
    labels: ['model', 'version'],
  },
  galley_late_share: {
    type: 'gauge',
    help: 'Share of recent answers that were later than the objective allows, 0 to 1.',
    labels: ['model', 'version'],
  },
  galley_single_flight_total: {
    type: 'counter',
    help: 'Requests that shared the run of a concurrent identical request.',
    labels: ['model', 'version'],
  },
  galley_cache_requests_total: {
    type: 'counter',
    help: 'Lookups in the response cache, by result (hit, miss).',
    labels: ['model', 'version', 'result'],
  },
  galley_cache_bytes: {
    type: 'gauge',
    help: 'Bytes of answers in the response cache.',
    labels: ['model', 'version'],
  },
  galley_not_finite_batches_total: {
    type: 'counter',
    help: 'Batches with NaN or an infinity among the first 16,384 numbers of their outputs.',
    labels: ['model', 'version'],
  },
  ...ROUTE_METRICS,
  galley_alert: {
    type: 'gauge',
    help: 'Firing alerts, with the value 1 each.',
    labels: ['model', 'alert', 'severity'],
  },
  galley_alerts_dropped_total: {
    type: 'counter',
    help: 'Alerts that could not be delivered to the webhook.',
    labels: [],
  },
  galley_decisions_dropped_total: {
    type: 'counter',
    help: 'Decisions that could not be written to decisions.file.',
    labels: [],
  },
  galley_internal_errors_total: {
    type: 'counter',
    help: 'Internal errors of the server that were contained, by the place where they were caught.',
    labels: ['where'],
  },
  galley_connections: { type: 'gauge', help: 'Open client connections.', labels: [] },
  galley_connections_refused_total: {
    type: 'counter',
    help: 'Connections closed or refused, by reason: http.maxConnections reached (full), idle connection closed for a new one (idle), too many requests waiting on the connection (flood), refused by the operating system (system).',
    labels: ['reason'],
  },
  galley_listen_overflows_total: {
    type: 'counter',
    help: 'Connections that the kernel refused because a listen queue was full, of all servers in this network namespace. It grows when connections arrive faster than the event loop accepts them. Linux only.',
    labels: [],
  },
  galley_bodies: { type: 'gauge', help: 'Request bodies in memory, arriving ones included.', labels: [] },
  galley_body_holder_bytes: {
    type: 'gauge',
    help: 'Bytes of request bodies, by holder (an address, or a tenant with an API key): the five largest holders.',
    labels: ['holder'],
  },
  galley_bodies_refused_total: {
    type: 'counter',
    help: 'Request bodies refused or cut off, by reason: maxInFlightBytes used up (budget), share of the holder used up (share), displaced by a smaller body (gave way), arriving too slowly (slow).',
    labels: ['reason'],
  },
  galley_body_bytes: {
    type: 'gauge',
    help: 'Bytes of request bodies in memory, at most maxInFlightBytes.',
    labels: [],
  },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof METRICS;

/** The page docs/metrics.md. */
export function describeMetrics(): string {
  const rows = Object.entries<MetricInfo>(METRICS).map(
    ([name, { type, labels, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  );
  return [
    '# Metrics',
    '',
    'Generated from `src/observe/metrics/metric-catalogue.ts` by `npm run docs`. `GET /metrics` answers in the text format',
    'of Prometheus. Durations are in seconds, sizes in bytes. Warmup runs and checks are not counted.',
    '',
    '| metric | type | labels | description |',
    '|---|---|---|---|',
    ...rows,
    '',
    'In addition, the default `process_*` and `nodejs_*` metrics describe the gateway process;',
    '`nodejs_eventloop_lag_p50_seconds`, `nodejs_eventloop_lag_p99_seconds` and so on are the delay of its event loop.',
    '',
  ].join('\n');
}
