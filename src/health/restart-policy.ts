import { equalJitterMs, exponentialDelayMs } from './backoff.ts';

/** The timing and the limits of restarts. */
export interface RestartSettings {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Failed processes in a row after which restarts stop. */
  readonly maxFailures: number;
  /** Failed processes within `windowMs` after which restarts stop, in a row or not. */
  readonly maxExits: number;
  readonly windowMs: number;
  /** What resets the history: time without a failure, or a process that was ready for so long. */
  readonly resetAfter: { readonly quietMs: number } | { readonly readyMs: number };
}

/** Failures that still count against a model. All its replicas share one history. */
export interface RestartHistory {
  /** Failed processes in a row. */
  readonly failures: number;
  readonly lastFailureAt: number;
  /** Times of the failures within the window, oldest first. */
  readonly failedAt: readonly number[];
}

export const NO_FAILURES: RestartHistory = { failures: 0, lastFailureAt: 0, failedAt: [] };

/** A process that has ended unexpectedly. */
export interface EndedIncarnation {
  /** undefined when it never became ready. */
  readonly readyForMs: number | undefined;
  readonly batches: number;
  /** It was ended from outside while it was healthy, which is not the model's fault. */
  readonly wasKilledFromOutside: boolean;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly afterMs: number }
  | { readonly kind: 'give up'; readonly reason: string };

const HEALTHY_BATCHES = 100;

/** A healthy process resets the count, whatever ended it. */
export function wasHealthy({ resetAfter }: RestartSettings, incarnation: EndedIncarnation): boolean {
  if (incarnation.readyForMs === undefined) return false;
  const longEnough = 'readyMs' in resetAfter ? resetAfter.readyMs : Number.POSITIVE_INFINITY;
  return incarnation.readyForMs >= longEnough || incarnation.batches >= HEALTHY_BATCHES;
}

/** The history after one more process has ended. */
export function afterIncarnation(
  settings: RestartSettings,
  history: RestartHistory,
  incarnation: EndedIncarnation,
  now: number,
): RestartHistory {
  if (wasHealthy(settings, incarnation)) return NO_FAILURES;
  if (incarnation.readyForMs !== undefined && incarnation.wasKilledFromOutside) return history;
  return afterFailure(settings, history, now);
}

/** The history after one more failure. */
export function afterFailure(
  settings: RestartSettings,
  history: RestartHistory,
  now: number,
): RestartHistory {
  const failures = countedFailures(settings, history, now);
  const failedAt = history.failedAt.filter((moment) => moment > now - settings.windowMs);
  return { failures: failures + 1, lastFailureAt: now, failedAt: [...failedAt, now] };
}

/** Failures in a row that still count now. */
export function countedFailures(
  { resetAfter }: RestartSettings,
  history: RestartHistory,
  now: number,
): number {
  const isForgiven = 'quietMs' in resetAfter && now - history.lastFailureAt > resetAfter.quietMs;
  return isForgiven ? 0 : history.failures;
}

/** The delay before the `nth` restart in a row, without jitter: none before the first, then it doubles. */
export function restartDelayMs({ initialDelayMs, maxDelayMs }: RestartSettings, nth: number): number {
  if (nth <= 1) return 0;
  return exponentialDelayMs({ initialMs: initialDelayMs, factor: 2, maxMs: maxDelayMs }, nth - 2);
}

/** Decides about a replica that has ended; `history` includes this end. `chance` in [0, 1) gives the jitter. */
export function decideRestart(
  settings: RestartSettings,
  history: RestartHistory,
  now: number,
  chance: number,
): RestartDecision {
  const failures = countedFailures(settings, history, now);
  if (failures >= settings.maxFailures) {
    return { kind: 'give up', reason: `${failures} processes in a row ended before they were healthy` };
  }
  const recent = history.failedAt.filter((moment) => moment > now - settings.windowMs).length;
  if (recent > settings.maxExits) {
    const minutes = Math.round(settings.windowMs / 60_000);
    return { kind: 'give up', reason: `${recent} processes ended unexpectedly within ${minutes} minutes` };
  }
  return { kind: 'restart', afterMs: equalJitterMs(restartDelayMs(settings, failures), chance) };
}
