/** A change of the number of replicas in one direction. */
export interface ScaleEvent {
  readonly at: number;
  /** How many replicas were added or removed. */
  readonly change: number;
}

/** The changes that the limits of a rate still count, per direction. */
export interface ScaleEvents {
  readonly up: readonly ScaleEvent[];
  readonly down: readonly ScaleEvent[];
}

/** The log before the first change. */
export const NO_EVENTS: ScaleEvents = { up: [], down: [] };

/** Replicas added or removed within the period; its oldest instant is outside. */
export function changeWithin(events: readonly ScaleEvent[], periodMs: number, now: number): number {
  return events.reduce((sum, { at, change }) => (at > now - periodMs ? sum + change : sum), 0);
}

/** No policy looks further back than `longestPeriodMs`. */
export function isOutdated({ at }: ScaleEvent, longestPeriodMs: number, now: number): boolean {
  return at < now - longestPeriodMs;
}

/** Overwrites the last outdated event, so that the log does not grow with time. */
export function recordEvent(
  events: readonly ScaleEvent[],
  change: number,
  longestPeriodMs: number,
  now: number,
): readonly ScaleEvent[] {
  const outdated = events.findLastIndex((event) => isOutdated(event, longestPeriodMs, now));
  const added = { at: now, change };
  return outdated === -1 ? [...events, added] : events.with(outdated, added);
}
