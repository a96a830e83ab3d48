/** A replica during a rolling replacement. */
export interface RollingReplica {
  /** It is as large as replicas shall be from now on. */
  readonly isNew: boolean;
  readonly isReady: boolean;
}

/** How many replicas of either kind are wanted next. */
export interface RollingStep {
  readonly fresh: number;
  readonly old: number;
}

/**
 * The next step towards `wanted` replicas of the new size, one by one: a replica of the old size goes when one of the new
 * size is ready. With `maySurge` one more than wanted runs meanwhile; without, one fewer.
 */
export function nextStep(
  replicas: readonly RollingReplica[],
  wanted: number,
  maySurge: boolean,
): RollingStep {
  const old = replicas.filter(({ isNew }) => !isNew).length;
  if (old === 0) return { fresh: wanted, old: 0 };
  const ready = Math.min(wanted, replicas.filter(({ isNew, isReady }) => isNew && isReady).length);
  const left = wanted - ready;
  if (left === 0) return { fresh: wanted, old: 0 };
  // A single replica is never taken before its successor is ready.
  return { fresh: ready + 1, old: Math.min(old, maySurge || wanted === 1 ? left : left - 1) };
}
