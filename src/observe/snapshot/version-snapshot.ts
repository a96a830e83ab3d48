import type { ScaledVersion } from '../../fleet/autoscale/scaled-version.ts';
import type { ReplicaStatus } from '../../fleet/lifecycle/replica-slot.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { batchingSnapshot } from './batching-snapshot.ts';
import { scalingSnapshot } from './scaling-snapshot.ts';

/** One version, with its replicas. */
export type VersionSnapshot = ReturnType<typeof versionSnapshot>;

/** Converts a monotonic time to a wall-clock time, as a text in ISO 8601. */
type Moment = (at: number) => string;

/** `scaled` is undefined for a version that no scaler watches. */
export function versionSnapshot(
  version: VersionInService,
  scaled: ScaledVersion | undefined,
  moment: Moment,
) {
  const { name, path, cache, loaded, whyNotReady, spec, state } = version;
  const rows = loaded?.rowIndependence;
  return {
    ...{ name, version: spec.version, state },
    /** Why it has failed; empty where it has not. */
    reason: version.failure,
    ready: whyNotReady === undefined,
    notReadyBecause: whyNotReady ?? null,
    /** Whether rows are independent; null until it is known. */
    rows: rows?.kind ?? null,
    rowsBecause: rows !== undefined && 'why' in rows ? rows.why : null,
    batching: batchingSnapshot(version),
    scaling: scaled === undefined ? null : scalingSnapshot(scaled, moment),
    comparesGoldenNumbers: loaded?.golden?.comparesNumbers ?? null,
    deniedInputs: path.quarantine.denied.size,
    queue: { rows: path.queue.rows, bytes: path.queue.bytes },
    inFlight: path.service.inFlight,
    /** null where the cache is off. */
    cache: cache === undefined ? null : { hits: cache.hits, misses: cache.misses, bytes: cache.bytes },
    replicas: version.supervisor.replicas().map((status) => replicaSnapshot(version, status, moment)),
  };
}

function replicaSnapshot(
  { path, health, warmups }: VersionInService,
  { since, heartbeat, ...status }: ReplicaStatus,
  moment: Moment,
) {
  const { replica } = status;
  const probe = health.prober.lastOf(replica);
  return {
    ...status,
    since: moment(since),
    lastProbe: probe && { result: probe.result, detail: probe.detail, at: moment(probe.at) },
    conditions: health.conditions
      .conditionsOf(replica)
      .map(({ cause, severity, detail, since: from }) => ({ cause, severity, detail, since: moment(from) })),
    memoryBytes: heartbeat?.rssBytes,
    cpuMs: heartbeat?.cpuMs,
    batches: heartbeat?.batches,
    running: path.roster.view(replica)?.running ?? 0,
    warmup: warmups.reportOf(replica),
  };
}
