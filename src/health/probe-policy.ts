/** What a check has come to; unknown before its first result. */
export type CheckState = 'success' | 'failure' | 'unknown';

export type CheckKind = 'liveness' | 'readiness' | 'startup';

/** How many equal results in a row it takes to change one's mind. */
export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** What is remembered between two results of one check. */
export interface CheckRecord {
  readonly state: CheckState;
  readonly lastResult: boolean | undefined;
  /** Equal results in a row, the last one included. */
  readonly run: number;
}

/** Alive until shown otherwise, not ready until shown, not known to have started. */
const INITIAL: Readonly<Record<CheckKind, CheckState>> = {
  liveness: 'success',
  readiness: 'failure',
  startup: 'unknown',
};

export function initialCheck(state: CheckState): CheckRecord {
  return { state, lastResult: undefined, run: 0 };
}

/** What a check says before its first result. */
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
