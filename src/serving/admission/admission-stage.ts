import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Entry } from '../../work/entry.ts';
import type { RequestFacts } from './request-facts.ts';
import type { SplitRequest } from './split-request.ts';

/** A request on its way to the queue, with everything that admission depends on. */
export interface Submission {
  readonly facts: RequestFacts;
  /** Its input is on the deny list. */
  readonly isDenied: boolean;
  /** An equal input may have ended a replica: the request runs alone. */
  readonly isSuspect: boolean;
}

/** Called once with the outcome, never before `enter` returns. */
export type OnSettled = (outcome: Answer | Refusal) => void;

/** An answer from the cache. */
export interface Cached {
  readonly cached: Answer;
}

/** Result of a submission: admitted (perhaps as parts), answered or refused. */
export type Admitted = Entry | SplitRequest | Cached | Refusal;

/** One stage of admission. It answers, refuses, or passes the submission, perhaps changed, to the next stage. */
export interface AdmissionStage {
  enter(submission: Submission, onSettled: OnSettled): Admitted;
}
