/** A metric as it is named, typed and explained, in one place: the scrape and docs/metrics.md are made of it. */
export interface MetricInfo {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export const METRICS = {
  galley_requests_total: {
    type: 'counter',
    help: 'Inference requests answered; outcome is ok or the reason code of the refusal.',
    labels: ['model', 'version', 'outcome'],
  },
  galley_request_duration_seconds: {
    type: 'histogram',
    help: 'From admission to answer, by outcome.',
    labels: ['model', 'version', 'outcome'],
  },
  galley_queue_duration_seconds: {
    type: 'histogram',
    help: 'From admission to leaving in a batch.',
    labels: ['model', 'version'],
  },
  galley_batch_rows: { type: 'histogram', help: 'Rows in a batch.', labels: ['model', 'version'] },
  galley_batches_total: {
    type: 'counter',
    help: 'Batches by why they left (size, timer, idle, slack, retry, bisect, isolation) and how they ended (done, threw, lost).',
    labels: ['model', 'version', 'reason', 'outcome'],
  },
  galley_service_duration_seconds: {
    type: 'histogram',
    help: 'From sending a batch to a replica to its last answer.',
    labels: ['model', 'version'],
  },
  galley_compute_duration_seconds: {
    type: 'histogram',
    help: 'Time of a batch in the runtime, measured by the replica.',
    labels: ['model', 'version'],
  },
  galley_queue_rows: { type: 'gauge', help: 'Rows that wait for a replica.', labels: ['model', 'version'] },
  galley_queue_bytes: {
    type: 'gauge',
    help: 'Bytes of inputs that wait for a replica.',
    labels: ['model', 'version'],
  },
  galley_in_flight_requests: {
    type: 'gauge',
    help: 'Requests admitted and not yet answered.',
    labels: ['model', 'version'],
  },
  galley_replicas: { type: 'gauge', help: 'Replicas by state.', labels: ['model', 'version', 'state'] },
  galley_replica_restarts_total: {
    type: 'counter',
    help: 'ReplicaLifecycle a replica has had beyond its first.',
    labels: ['model', 'version', 'replica'],
  },
  galley_replica_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of a replica process.',
    labels: ['model', 'version', 'replica'],
  },
  galley_replica_cpu_seconds: {
    type: 'gauge',
    help: 'CPU time of a replica process in its present process.',
    labels: ['model', 'version', 'replica'],
  },
  galley_probes_total: {
    type: 'counter',
    help: 'Looks at the readiness of replicas, by result (evidence, deferred, none, passed, failed, mismatch).',
    labels: ['model', 'version', 'result'],
  },
  galley_recoveries_total: {
    type: 'counter',
    help: 'Batches that got another chance, by how (retry, isolate, bisect, ask another).',
    labels: ['model', 'version', 'how'],
  },
  galley_ejections_total: {
    type: 'counter',
    help: 'Times that a replica was taken out of the pick.',
    labels: ['model', 'version'],
  },
  galley_denied_inputs: {
    type: 'gauge',
    help: 'Inputs that are refused since they ended replicas.',
    labels: ['model', 'version'],
  },
  galley_prediction_ratio: {
    type: 'histogram',
    help: 'Service time of a batch over the predicted one.',
    labels: ['model', 'version'],
  },
  galley_objective_total: {
    type: 'counter',
    help: 'Requests of models with an objective, by whether they were answered within it (kept) or not (missed: late, or refused for want of time or room).',
    labels: ['model', 'version', 'result'],
  },
  galley_batch_target_rows: {
    type: 'gauge',
    help: 'Rows that batches are planned with, by lane (the sizes along open axes).',
    labels: ['model', 'version', 'lane'],
  },
  galley_plan_factor: {
    type: 'gauge',
    help: 'Margin that predictions of service time are multiplied with in plans.',
    labels: ['model', 'version', 'lane'],
  },
  galley_single_flight_total: {
    type: 'counter',
    help: 'Requests that waited with an equal one instead of running.',
    labels: ['model', 'version'],
  },
  galley_cache_requests_total: {
    type: 'counter',
    help: 'Requests looked up in the response cache, by result (hit, miss).',
    labels: ['model', 'version', 'result'],
  },
  galley_cache_bytes: { type: 'gauge', help: 'Bytes of answers kept.', labels: ['model', 'version'] },
  galley_not_finite_batches_total: {
    type: 'counter',
    help: 'Batches whose outputs held NaN or an infinity among their first 16,384 numbers.',
    labels: ['model', 'version'],
  },
  galley_alert: {
    type: 'gauge',
    help: 'Alerts that are on: 1 each.',
    labels: ['model', 'alert', 'severity'],
  },
  galley_alerts_dropped_total: {
    type: 'counter',
    help: 'Alerts that the webhook could not deliver.',
    labels: [],
  },
  galley_decisions_dropped_total: {
    type: 'counter',
    help: 'Decisions that could not be written to their file.',
    labels: [],
  },
  galley_internal_errors_total: {
    type: 'counter',
    help: 'Mistakes of the server itself that ended no more than the request they happened in, by where they were contained.',
    labels: ['where'],
  },
  galley_connections: { type: 'gauge', help: 'Open connections of clients.', labels: [] },
  galley_connections_refused_total: {
    type: 'counter',
    help: 'Connections that were not kept: there were as many as may be (full), an idle one made room for a new one (idle), too many requests waited on it (flood), or the system refused it (system).',
    labels: ['reason'],
  },
  galley_bodies: { type: 'gauge', help: 'Request bodies that have arrived or are arriving.', labels: [] },
  galley_body_holder_bytes: {
    type: 'gauge',
    help: 'Bytes of request bodies by who sent them, an address or a tenant with a key: the five that hold most.',
    labels: ['holder'],
  },
  galley_bodies_refused_total: {
    type: 'counter',
    help: 'Bodies that were ended: the budget was used up, the share of one holder was, a smaller one needed the room (gave way), or it came too slowly (slow).',
    labels: ['reason'],
  },
  galley_body_bytes: {
    type: 'gauge',
    help: 'Bytes of request bodies held now (maxInFlightBytes bounds them).',
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
    'Generated from `src/observe/metric-catalogue.ts`; `npm run docs` prints it anew. `GET /metrics` answers in the',
    'text format of Prometheus. Durations are in seconds, sizes in bytes. Rehearsal runs (warmup) are not counted.',
    '',
    '| metric | type | labels | what it tells |',
    '|---|---|---|---|',
    ...rows,
    '',
    'Beside them stand the usual `process_*` and `nodejs_*` metrics of the gateway process; the delay of its event loop',
    'is `nodejs_eventloop_lag_p50_seconds`, `…_p99_seconds` and so on.',
    '',
  ].join('\n');
}
