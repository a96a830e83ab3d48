import type { BatchReason } from '../work/batch.ts';
import type { LaneView, WaitingRequest } from '../work/lane.ts';

/** What the decision rests on beside the lanes. */
export interface BatchFacts {
  readonly now: number;
  /** Whether everything that arrived in this turn has been seen. */
  readonly isTurnEnding: boolean;
  /** Whether a replica stands idle; else there is only room behind a running batch. */
  readonly hasIdleReplica: boolean;
  readonly idleReplicas: number;
  /** When a batch sent now would begin to run: now, or when the one before it should be over. */
  readonly startAt: number;
  /** Replicas that take callers' work. */
  readonly replicas: number;
  /** Time outside the runtime that a batch is expected to take, in ms. */
  readonly transportMs: number;
  /** What it mostly takes. */
  readonly usualTransportMs: number;
  /** Share of the last while in which the replicas were running something, 0 to 1. */
  readonly busyShare: () => number;
  /** One tenant asks for much more than others, and there is not enough for all. */
  readonly isCrowded: boolean;
  /** Share of rows that throw whatever batch they are in, 0 to 1. */
  readonly badShare: number;
  /** Share of the last requests that were refused or dropped for want of time, 0 to 1. */
  readonly shedShare: number;
}

export type BatchDecision =
  | { readonly kind: 'send'; readonly lane: LaneView; readonly reason: BatchReason }
  | { readonly kind: 'wait'; readonly untilMs: number | 'end of turn' }
  | { readonly kind: 'nothing' };

export const NOTHING: BatchDecision = { kind: 'nothing' };
export const WAIT_FOR_TURN: BatchDecision = { kind: 'wait', untilMs: 'end of turn' };

/** What becomes of the request whose turn it is: it batchInfos along, is answered with a refusal, or ends the batch. */
export type Ruling = 'take' | 'drop' | 'stop';

/** One batch while it is filled. */
export interface BatchFill {
  /**
   * Rules on the next request in the order of service. `rowsLeft` are all rows of the lane, its own included;
   * `isUnderShare` says that others ask for much more than its tenant.
   */
  rule(next: WaitingRequest, rowsLeft: number, isUnderShare: boolean): Ruling;
}

/** Says which lane goes and when, and who batchInfos along. */
export interface BatchPolicy {
  /** Which lane may send a batch now, or until when none should. */
  choose(lanes: Iterable<LaneView>, facts: BatchFacts): BatchDecision;
  /** A batch of that lane, still empty, of so many rows at most. */
  fill(lane: LaneView, maxRows: number, facts: BatchFacts): BatchFill;
  /** Rows that make a batch worth sending, for whoever counts how many batches wait. */
  targetRows(lane: LaneView, facts: BatchFacts): number;
}

/** Takes whoever fits, in order; who does not fit ends the batch. The first one always goes. */
export class PlainFill implements BatchFill {
  readonly #maxRows: number;
  #rows = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  rule({ rows }: WaitingRequest): Ruling {
    if (this.#rows > 0 && this.#rows + rows > this.#maxRows) return 'stop';
    this.#rows += rows;
    return 'take';
  }
}
