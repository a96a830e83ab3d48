/** Where the target of a replica comes from; Knative lets several places set it. */
export interface KpaTargetSettings {
  readonly metric: 'concurrency' | 'rps';
  /** What a replica accepts at most; 0 for no limit. */
  readonly hardConcurrency: number;
  readonly concurrencyDefault: number;
  readonly concurrencyUtilization: number;
  readonly rpsDefault: number;
  readonly rpsUtilization: number;
  /** What the version itself asks for. */
  readonly target: number | undefined;
  readonly utilizationPercent: number | undefined;
  readonly minTarget: number;
}

/** Per replica: the load to aim for, and the load that it bears. */
export interface KpaTarget {
  readonly target: number;
  readonly total: number;
}

/** A target that the version sets replaces the default; a hard limit always holds for concurrency. */
export function resolveTarget(settings: KpaTargetSettings): KpaTarget {
  const total = totalOf(settings);
  const utilization =
    settings.utilizationPercent !== undefined
      ? settings.utilizationPercent / 100
      : settings.metric === 'rps'
        ? settings.rpsUtilization
        : settings.concurrencyUtilization;
  return { target: Math.max(settings.minTarget, total * utilization), total };
}

function totalOf({ metric, hardConcurrency, target, ...defaults }: KpaTargetSettings): number {
  if (metric === 'rps') return target ?? defaults.rpsDefault;
  if (hardConcurrency === 0) return target ?? defaults.concurrencyDefault;
  return target === undefined ? hardConcurrency : Math.min(target, hardConcurrency);
}
