import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';

/** Resident memory of a replica before and after a batch. */
export interface MemoryUse {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/** The batch ran; every member has its answer. */
export interface Done {
  readonly kind: 'done';
  /** Time in the runtime, measured by the replica. */
  readonly computeMs: number;
  /** Measured on request, in warmup. */
  readonly memory?: MemoryUse;
  /** An output held NaN or an infinity. */
  readonly isNotFinite?: true;
}

/** The model threw an error for the batch; the replica is still running. */
export interface Threw {
  readonly kind: 'threw';
  readonly message: string;
}

/** Why a replica ended. */
export type LossCause =
  /** Caused by the process itself: a fault, an exit, or a signal to itself. */
  | 'crash'
  /** Caused by code that ran outside the batch that started it; counts against the model, not against a batch. */
  | 'late error'
  | 'watchdog'
  | 'protocol'
  | 'out of memory'
  /** By a signal, apparently from outside. */
  | 'killed'
  /** The whole process was stopped, as by SIGSTOP, apparently from outside. */
  | 'stopped'
  /** Ended by the server on purpose. */
  | 'ended'
  /** Exited as told, with nothing left to run. */
  | 'left'
  | 'not started';

/** The replica ended before the batch did. */
export interface Lost {
  readonly kind: 'lost';
  readonly cause: LossCause;
  /** Whether this batch was running. One that only waited inside the replica did not contribute to its end. */
  readonly wasRunning: boolean;
  readonly detail: string;
}

/** How a batch ended. */
export type Outcome = Done | Threw | Lost;

/** Receives the results of a batch: an answer per member, then one outcome. */
export interface OutcomeSink {
  part(member: number, answer: Answer | Refusal): void;
  end(outcome: Outcome): void;
}
