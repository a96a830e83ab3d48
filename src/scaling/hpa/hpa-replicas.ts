/** What one pass must know of a replica; Kubernetes calls it a pod. */
export interface ReplicaFacts {
  readonly id: string;
  /** Only `pending` and `failed` change a classification, only `running` replicas count for a metric of the whole. */
  readonly phase: 'pending' | 'running' | 'succeeded' | 'failed' | 'unknown';
  /** It drains or shuts down, so its load says nothing about the size that is needed. */
  readonly isEnding: boolean;
  /** undefined until a process exists. */
  readonly startedAt: number | undefined;
  /** The last change of readiness; undefined until the first check. */
  readonly readiness: { readonly isReady: boolean; readonly since: number } | undefined;
}

/** A measured value of one replica, in thousandths as in Kubernetes, so that both round alike. */
export interface Sample {
  readonly valueMilli: number;
  /** The end of the window. */
  readonly takenAt: number;
  readonly windowMs: number;
}

/** How long the CPU of a replica that starts is not evidence of load. */
export interface InitializationSettings {
  readonly cpuInitializationMs: number;
  readonly initialReadinessDelayMs: number;
}

/** The ids of the replicas whose samples do not count, by cause. */
export interface ReplicaGroups {
  /** Replicas with a sample that counts. */
  readonly readyCount: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  readonly ignored: readonly string[];
}

type Group = 'ready' | 'unready' | 'missing' | 'ignored';

/** Sorts replicas by whether their sample of `resource` counts; only CPU is distorted by initialization. */
export function groupReplicas(
  settings: InitializationSettings,
  replicas: readonly ReplicaFacts[],
  { resource, samples }: { readonly resource?: string; readonly samples: ReadonlyMap<string, Sample> },
  now: number,
): ReplicaGroups {
  const ids: Record<Group, string[]> = { ready: [], unready: [], missing: [], ignored: [] };
  for (const replica of replicas) {
    const sample = samples.get(replica.id);
    ids[groupOf(replica, sample, resource === 'cpu' ? settings : undefined, now)].push(replica.id);
  }
  return { readyCount: ids.ready.length, unready: ids.unready, missing: ids.missing, ignored: ids.ignored };
}

/** Replicas that serve now: the factor for a metric that is not measured per replica. */
export function countServing(replicas: readonly ReplicaFacts[]): number {
  return replicas.filter(({ phase, readiness }) => phase === 'running' && readiness?.isReady === true).length;
}

function groupOf(
  replica: ReplicaFacts,
  sample: Sample | undefined,
  initialization: InitializationSettings | undefined,
  now: number,
): Group {
  if (replica.isEnding || replica.phase === 'failed') return 'ignored';
  if (replica.phase === 'pending') return 'unready';
  if (sample === undefined) return 'missing';
  if (initialization === undefined) return 'ready';
  return isInitializing(initialization, replica, sample, now) ? 'unready' : 'ready';
}

function isInitializing(
  settings: InitializationSettings,
  { startedAt, readiness }: ReplicaFacts,
  sample: Sample,
  now: number,
): boolean {
  if (startedAt === undefined || readiness === undefined) return true;
  if (startedAt + settings.cpuInitializationMs > now) {
    // A window that began before the replica was ready contains the work of its start.
    return !readiness.isReady || sample.takenAt < readiness.since + sample.windowMs;
  }
  // A replica whose readiness last changed soon after its start has never been ready.
  return !readiness.isReady && startedAt + settings.initialReadinessDelayMs > readiness.since;
}
