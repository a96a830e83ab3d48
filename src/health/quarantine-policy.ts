import type { LossCause } from '../work/outcome.ts';

/**
 * What the end of a replica says against the batch that it was running.
 *
 * - `proof`: the end came from inside. The members run one by one; whose replica ends again did it.
 * - `unclear`: it may have come from inside or from outside, and nothing tells. The batch runs again. What was running at
 *   a second such end runs alone, and only ends that it meets alone speak against it.
 * - `slow`: it ran too long. The members run one by one; one that is not done when its whole time has passed did it.
 * - `nothing`: the batch just runs again.
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

/** What is known of the one request that a replica was running when it ended. */
export interface LoneRun {
  readonly evidence: Evidence;
  /** It had been set apart for what it is suspected of. */
  readonly isIsolated: boolean;
  readonly ranMs: number;
  /** How long its caller lets it take. */
  readonly timeoutMs: number;
  /** Unclear ends that it has met while it ran alone, this one included. */
  readonly unclearEndsAlone: number;
  /** Replicas that ran nothing for callers were killed lately: it is somebody outside who does this. */
  readonly isKilledFromOutside: boolean;
}

/** So many unclear ends alone are no coincidence any more. */
const UNCLEAR_ENDS_ALONE = 2;

/** Whether a run that ended its replica proves that its input is to blame. */
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
