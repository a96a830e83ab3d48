import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Entry } from '../../work/entry.ts';
import type { RequestFacts } from './request-facts.ts';
import type { SplitRequest } from './split-request.ts';

/** A request on its way to the queue: everything that admission decides by. */
export interface Submission {
  readonly facts: RequestFacts;
  /** Its input is on the deny list. */
  readonly isDenied: boolean;
  /** An equal one may have ended a replica: it runs alone. */
  readonly isSuspect: boolean;
}

/** Called once with what a request came to, never before `enter` returns. */
export type OnSettled = (outcome: Answer | Refusal) => void;

/** An answer that was there already. */
export interface Cached {
  readonly cached: Answer;
}

/** What becomes of a submission: it is in, in parts perhaps, or it is answered or refused. */
export type Admitted = Entry | SplitRequest | Cached | Refusal;

/** One step of admission. It answers, refuses, or hands the submission to the stage behind it, perhaps changed. */
export interface AdmissionStage {
  enter(submission: Submission, onSettled: OnSettled): Admitted;
}
