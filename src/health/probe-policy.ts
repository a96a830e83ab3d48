/** The state of a check; unknown before its first result. */
export type CheckState = 'success' | 'failure' | 'unknown';

export type CheckKind = 'liveness' | 'readiness' | 'startup';

/** Equal results in a row that change the state. */
export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** State kept between two results of a check. */
export interface CheckRecord {
  readonly state: CheckState;
  readonly lastResult: boolean | undefined;
  /** Equal results in a row, including the last one. */
  readonly run: number;
}

/** Assumed alive and not ready; startup is unknown. */
const INITIAL: Readonly<Record<CheckKind, CheckState>> = {
  liveness: 'success',
  readiness: 'failure',
  startup: 'unknown',
};

export function initialCheck(state: CheckState): CheckRecord {
  return { state, lastResult: undefined, run: 0 };
}

/** The state of a check before its first result. */
export function initialState(kind: CheckKind): CheckState {
  return INITIAL[kind];
}

/** The record after one more result. */
export function afterCheck(thresholds: Thresholds, record: CheckRecord, passed: boolean): CheckRecord {
  const run = record.lastResult === passed ? record.run + 1 : 1;
  const needed = passed ? thresholds.successThreshold : thresholds.failureThreshold;
  const state = run >= needed ? (passed ? 'success' : 'failure') : record.state;
  return { state, lastResult: passed, run };
}
