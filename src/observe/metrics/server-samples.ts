import type { ServerSnapshot } from '../snapshot/server-snapshot.ts';
import type { MetricName } from './metric-catalogue.ts';
import { ROUTE_SAMPLES } from './route-samples.ts';
import { byLabel, type Sample, sample } from './sample.ts';

/** The samples of the metrics that belong to no version. */
export const SERVER_SAMPLES = {
  galley_body_bytes: ({ network }) => [sample(network.bodies.bytes)],
  galley_bodies: ({ network }) => [sample(network.bodies.count)],
  galley_bodies_refused_total: ({ network }) => byLabel('reason', Object.entries(network.bodies.refused)),
  galley_body_holder_bytes: ({ network }) =>
    network.bodies.holders.map(({ name: holder, bytes }) => sample(bytes, { holder })),
  galley_connections: ({ network }) => [sample(network.connections.count)],
  galley_connections_refused_total: ({ network }) =>
    byLabel('reason', Object.entries(network.connections.refused)),
  galley_listen_overflows_total: ({ network: { connections } }) =>
    connections.listenOverflows === undefined ? [] : [sample(connections.listenOverflows)],
  galley_machine_cores: ({ machine }) => [
    sample(machine.cores, { kind: 'limit' }),
    sample(machine.usedCores, { kind: 'used' }),
  ],
  ...ROUTE_SAMPLES,
  galley_alert: ({ alerts }) =>
    alerts.map(({ model, name, severity }) => sample(1, { model, alert: name, severity })),
  galley_alerts_dropped_total: ({ dropped }) => [sample(dropped.alerts)],
  galley_decisions_dropped_total: ({ dropped }) => [sample(dropped.decisions)],
  galley_internal_errors_total: ({ internalErrors }) => byLabel('where', internalErrors),
} as const satisfies Partial<Record<MetricName, (snapshot: ServerSnapshot) => Sample[]>>;
