import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';

/** Resident memory of a replica before and after a batch. */
export interface MemoryUse {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/** The batch ran; every member has had its answer. */
export interface Done {
  readonly kind: 'done';
  /** Time in the runtime, measured by the replica. */
  readonly computeMs: number;
  /** Measured where it was asked for, in warmup. */
  readonly memory?: MemoryUse;
  /** An output held NaN or an infinity. */
  readonly isNotFinite?: true;
}

/** The model refused the batch with an error of its own; the replica lives. */
export interface Threw {
  readonly kind: 'threw';
  readonly message: string;
}

/** Why a replica ended. */
export type LossCause =
  /** By its own doing: a fault, an exit, a signal that it sent to itself. */
  | 'crash'
  /** By code that ran outside the batch that had begun it: the mistake is the model's, and no batch's. */
  | 'late error'
  | 'watchdog'
  | 'protocol'
  | 'out of memory'
  /** By a signal, from outside as far as anything tells. */
  | 'killed'
  /** Its process stood still as a whole, as after SIGSTOP, from outside as far as anything tells. */
  | 'stopped'
  /** Because we wanted it so. */
  | 'ended'
  /** As it was told to, with nothing left to do. */
  | 'left'
  | 'not started';

/** The replica ended before the batch did. */
export interface Lost {
  readonly kind: 'lost';
  readonly cause: LossCause;
  /** Whether it was this batch that ran; one that only waited inside the replica has nothing to do with its end. */
  readonly wasRunning: boolean;
  readonly detail: string;
}

/** How a batch ended. */
export type Outcome = Done | Threw | Lost;

/** Where a replica reports what becomes of a batch: answers member by member, and once how it ended. */
export interface OutcomeSink {
  part(member: number, answer: Answer | Refusal): void;
  end(outcome: Outcome): void;
}
