/** What a pass wanted before stabilization. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** The number to go on with, and the log that the next pass needs. */
export interface Stabilized {
  readonly replicas: number;
  readonly log: readonly Recommendation[];
}

/** How far back each direction looks for a more cautious recommendation. */
export interface StabilizationWindows {
  readonly upMs: number;
  readonly downMs: number;
}

/** Without behavior: the largest recommendation of the window, its oldest instant included. */
export function stabilizeDown(
  windowMs: number,
  log: readonly Recommendation[],
  wanted: number,
  now: number,
): Stabilized {
  const isExpired = ({ at }: Recommendation) => at < now - windowMs;
  const recent = log.filter((each) => !isExpired(each));
  const replicas = recent.reduce((most, each) => Math.max(most, each.replicas), wanted);
  return { replicas, log: record(log, { at: now, replicas: wanted }, isExpired) };
}

/**
 * With behavior: the current number moves only as far as every recommendation of a direction's window agrees; the
 * oldest instant of a window is outside it.
 */
export function stabilizeBothWays(
  { upMs, downMs }: StabilizationWindows,
  log: readonly Recommendation[],
  { current, wanted }: { readonly current: number; readonly wanted: number },
  now: number,
): Stabilized {
  let least = wanted;
  let most = wanted;
  for (const { at, replicas } of log) {
    if (at > now - upMs) least = Math.min(least, replicas);
    if (at > now - downMs) most = Math.max(most, replicas);
  }
  const isExpired = ({ at }: Recommendation) => at < now - Math.max(upMs, downMs);
  return {
    replicas: Math.min(Math.max(current, least), most),
    log: record(log, { at: now, replicas: wanted }, isExpired),
  };
}

/** Overwrites the last expired entry, so that the log does not grow with time. */
function record(
  log: readonly Recommendation[],
  added: Recommendation,
  isExpired: (each: Recommendation) => boolean,
): readonly Recommendation[] {
  const expired = log.findLastIndex(isExpired);
  return expired === -1 ? [...log, added] : log.with(expired, added);
}
