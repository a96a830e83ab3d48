/** When a replica is ejected for its answers, and for how long. */
export interface EjectionSettings {
  readonly consecutiveFailures: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly maxPercent: number;
  /** With few replicas the share rounds down to none; this allows one ejection anyway. */
  readonly alwaysAllowOne: boolean;
}

/** A replica's history of failures. */
export interface FailureRecord {
  readonly failuresInARow: number;
  /** Grows with every ejection, shrinks with every healthy sweep. */
  readonly multiplier: number;
}

export const NO_RECORD: FailureRecord = { failuresInARow: 0, multiplier: 0 };

/** The record after a result, and whether that result ejects the replica. */
export function afterResult(
  settings: EjectionSettings,
  record: FailureRecord,
  succeeded: boolean,
): { readonly record: FailureRecord; readonly ejects: boolean } {
  if (succeeded) return { record: { ...record, failuresInARow: 0 }, ejects: false };
  const failuresInARow = record.failuresInARow + 1;
  const ejects = failuresInARow >= settings.consecutiveFailures;
  return { record: { ...record, failuresInARow: ejects ? 0 : failuresInARow }, ejects };
}

/** The record after an ejection; the next one lasts longer, up to the limit. */
export function afterEjection({ baseMs, maxMs }: EjectionSettings, record: FailureRecord): FailureRecord {
  const grows = record.multiplier * baseMs < maxMs + baseMs;
  return { failuresInARow: 0, multiplier: record.multiplier + (grows ? 1 : 0) };
}

/** The record after a sweep that found the replica in service. */
export function afterHealthySweep(record: FailureRecord): FailureRecord {
  return record.multiplier === 0 ? record : { ...record, multiplier: record.multiplier - 1 };
}

/** Duration of the current ejection, in ms. */
export function ejectionMs({ baseMs, maxMs }: EjectionSettings, { multiplier }: FailureRecord): number {
  return Math.min(baseMs * multiplier, Math.max(baseMs, maxMs));
}

/** From a raw unsigned draw, so that replicas ejected together do not return together. */
export function ejectionJitterMs(maxJitterMs: number, draw: number): number {
  return draw % (maxJitterMs + 1);
}

/** Whether one more of `replicas` may be ejected when `ejected` already are. */
export function mayEject(settings: EjectionSettings, replicas: number, ejected: number): boolean {
  const share = Math.floor((replicas * settings.maxPercent) / 100);
  return ejected < Math.max(share, settings.alwaysAllowOne ? 1 : 0);
}

/** Replicas whose answers are so much worse than the others' that the replica is the cause. Rates in percent. */
export function successRateOutliers(
  rates: readonly number[],
  stdevFactor: number,
): { readonly mean: number; readonly threshold: number; readonly outliers: readonly number[] } {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) * (rate - mean), 0) / rates.length;
  const threshold = mean - stdevFactor * Math.sqrt(variance);
  const outliers = rates.flatMap((rate, index) => (rate < threshold ? [index] : []));
  return { mean, threshold, outliers };
}
