import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';

/** The batch ran; every member has had its answer. */
export interface Done {
  readonly kind: 'done';
  /** Time in the runtime, measured by the replica. */
  readonly computeMs: number;
}

/** The model refused the batch with an error of its own; the replica lives. */
export interface Threw {
  readonly kind: 'threw';
  readonly message: string;
}

/** The replica died, or broke the protocol and was ended for it. */
export interface Lost {
  readonly kind: 'lost';
  readonly detail: string;
}

/** How a batch ended. */
export type Outcome = Done | Threw | Lost;

/** Where a replica reports what becomes of a batch: answers member by member, and once how it ended. */
export interface OutcomeSink {
  part(member: number, answer: Answer | Refusal): void;
  end(outcome: Outcome): void;
}
