import type { LossCause } from '../work/outcome.ts';

/**
 * What the end of a replica shows about the batch that it was running.
 *
 * - `proof`: the cause was inside. The members run one by one; one whose replica ends again is the cause.
 * - `unclear`: the cause may have been inside or outside. The batch runs again. Members of a batch at a second such
 *   end run alone, and only ends of runs alone count against them.
 * - `slow`: it ran too long. The members run one by one; one that exceeds its whole timeout is the cause.
 * - `nothing`: the batch runs again.
 */
export type Evidence = 'proof' | 'unclear' | 'slow' | 'nothing';

const EVIDENCE: Readonly<Record<LossCause, Evidence>> = {
  crash: 'proof',
  protocol: 'proof',
  'out of memory': 'proof',
  killed: 'unclear',
  stopped: 'unclear',
  watchdog: 'slow',
  'late error': 'nothing',
  ended: 'nothing',
  left: 'nothing',
  'not started': 'nothing',
};

export function evidenceOf(cause: LossCause): Evidence {
  return EVIDENCE[cause];
}

/** What is known about the single request that a replica was running when it ended. */
export interface LoneRun {
  readonly evidence: Evidence;
  /** It ran alone as a suspect. */
  readonly isIsolated: boolean;
  readonly ranMs: number;
  /** The timeout of its caller. */
  readonly timeoutMs: number;
  /** Unclear ends while it ran alone, including this one. */
  readonly unclearEndsAlone: number;
  /** Idle replicas were killed recently, so the kills come from outside. */
  readonly isKilledFromOutside: boolean;
}

/** This many unclear ends alone are not a coincidence. */
const UNCLEAR_ENDS_ALONE = 2;

/** Whether a run that ended its replica proves that its input is the cause. */
export function provesInput(run: LoneRun): boolean {
  if (!run.isIsolated) return false;
  switch (run.evidence) {
    case 'proof':
      return true;
    case 'slow':
      return run.ranMs >= run.timeoutMs;
    case 'unclear':
      return run.unclearEndsAlone >= UNCLEAR_ENDS_ALONE && !run.isKilledFromOutside;
    case 'nothing':
      return false;
  }
}
