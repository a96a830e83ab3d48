/** The bounds of one version and the durations on its way to zero. */
export interface KpaZeroSettings {
  readonly minScale: number;
  /** 0 for no maximum. */
  readonly maxScale: number;
  /** How many replicas a new version starts with. */
  readonly initialScale: number;
  readonly isZeroEnabled: boolean;
  readonly stableWindowMs: number;
  readonly gracePeriodMs: number;
  readonly lastReplicaRetentionMs: number;
  readonly activationTimeoutMs: number;
  /** Requests always pass the holder, so it need not be asked. */
  readonly isHolderAlwaysInPath: boolean;
}

/** What is known of a version when its number is to be applied. */
export interface KpaZeroFacts {
  /** undefined while nothing was measured. */
  readonly wanted: number | undefined;
  readonly current: number;
  readonly hasReachedInitialScale: boolean;
  /** Minimums hold unless the version is known to have no routes. */
  readonly isUnreachable: boolean;
  /** What stands before the replicas and holds requests while there are none. */
  readonly isHolderReady: boolean;
  readonly holdingForMs: number;
  readonly activity: {
    readonly state: 'active' | 'inactive' | 'activating' | 'none';
    readonly forMs: number;
  };
}

/** The number after the bounds, and whether it is written now. */
export interface KpaZeroDecision {
  /** undefined: leave the number alone. 0 that is not applied: mark inactive and hold requests. */
  readonly replicas: number | undefined;
  readonly isApplied: boolean;
}

/** Bounds, and the way to zero: active, inactive behind the holder, then no replicas. */
export function decideZero(settings: KpaZeroSettings, facts: KpaZeroFacts): KpaZeroDecision {
  if (facts.wanted === undefined && facts.activity.state !== 'activating') return wait(undefined);
  const wanted = bounded(settings, facts);
  const decision = wanted === 0 ? towardsZero(settings, facts) : apply(wanted);
  return { ...decision, isApplied: decision.isApplied && decision.replicas !== facts.current };
}

function bounded(settings: KpaZeroSettings, facts: KpaZeroFacts): number {
  const wanted = facts.wanted ?? 0;
  const least = leastReplicas(settings, facts);
  if (wanted < least) return least;
  return settings.maxScale === 0 ? wanted : Math.min(wanted, settings.maxScale);
}

function leastReplicas({ minScale, initialScale }: KpaZeroSettings, facts: KpaZeroFacts): number {
  if (facts.isUnreachable) return 0;
  return initialScale > 1 && !facts.hasReachedInitialScale ? Math.max(initialScale, minScale) : minScale;
}

function towardsZero(settings: KpaZeroSettings, facts: KpaZeroFacts): KpaZeroDecision {
  const { state, forMs } = facts.activity;
  if (!settings.isZeroEnabled) return apply(1);
  if (state === 'activating') return forMs > settings.activationTimeoutMs ? apply(0) : wait(undefined);
  if (state === 'active') return forMs >= settings.stableWindowMs ? wait(0) : apply(1);
  return mayEnd(settings, facts) ? apply(0) : wait(0);
}

/** The holder must have had time to get into the path of all requests. */
function mayEnd(settings: KpaZeroSettings, facts: KpaZeroFacts): boolean {
  const { gracePeriodMs, lastReplicaRetentionMs, isHolderAlwaysInPath } = settings;
  const { activity, isHolderReady, holdingForMs } = facts;
  if (!isHolderReady && !isHolderAlwaysInPath) return false;
  const hasPassed = (durationMs: number) => activity.state === 'inactive' && activity.forMs >= durationMs;
  if (hasPassed(Math.max(gracePeriodMs, lastReplicaRetentionMs))) return true;
  const isRetained = lastReplicaRetentionMs > 0 && !hasPassed(lastReplicaRetentionMs);
  return !isRetained && holdingForMs >= gracePeriodMs;
}

function apply(replicas: number): KpaZeroDecision {
  return { replicas, isApplied: true };
}

function wait(replicas: 0 | undefined): KpaZeroDecision {
  return { replicas, isApplied: false };
}
