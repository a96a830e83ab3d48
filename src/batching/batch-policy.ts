import type { BatchReason } from '../work/batch.ts';
import type { LaneView, WaitingRequest } from '../work/lane.ts';
import type { MarginFacts } from './margin.ts';

/** What a decision depends on, apart from the lanes. */
export interface BatchFacts {
  readonly now: number;
  /** Whether everything that arrived in this turn has been seen. */
  readonly isTurnEnding: boolean;
  /** Whether a replica is idle; otherwise there is only room behind a running batch. */
  readonly hasIdleReplica: boolean;
  readonly idleReplicas: number;
  /** When a batch sent now would start to run: now, or at the predicted end of the one before it. */
  readonly startAt: number;
  /** Replicas that take callers' work. */
  readonly replicas: number;
  /** Expected time of a batch outside the runtime, in ms. */
  readonly transportMs: number;
  readonly margin: MarginFacts;
  /** Share of the recent past in which the replicas were running a batch, 0 to 1. */
  readonly busyShare: () => number;
  /** One tenant demands much more than others, and capacity is short. */
  readonly isCrowded: boolean;
  /** Share of rows that throw in any batch, 0 to 1. */
  readonly badShare: number;
  /** Share of recent requests that were refused or dropped for lack of time, 0 to 1. */
  readonly shedShare: number;
}

export type BatchDecision =
  | { readonly kind: 'send'; readonly lane: LaneView; readonly reason: BatchReason }
  | { readonly kind: 'wait'; readonly untilMs: number | 'end of turn' }
  | { readonly kind: 'nothing' };

export const NOTHING: BatchDecision = { kind: 'nothing' };
export const WAIT_FOR_TURN: BatchDecision = { kind: 'wait', untilMs: 'end of turn' };

/** What happens to the next request: it joins the batch, is refused, or ends the batch. */
export type Ruling = 'take' | 'drop' | 'stop';

/** A batch that is being filled. */
export interface BatchFill {
  /**
   * Rules on the next request in the order of service. `rowsLeft` counts all rows of the lane, including this
   * request's; `isUnderShare` means that other tenants demand much more than this one.
   */
  rule(next: WaitingRequest, rowsLeft: number, isUnderShare: boolean): Ruling;
}

/** Decides which lane sends a batch, when, and which requests join it. */
export interface BatchPolicy {
  /** The lane that may send a batch now, or how long to wait when none should. */
  choose(lanes: Iterable<LaneView>, facts: BatchFacts): BatchDecision;
  /** An empty batch of that lane, of at most `maxRows` rows. */
  fill(lane: LaneView, maxRows: number, facts: BatchFacts): BatchFill;
  /** Rows that make a batch worth sending; used to count waiting batches. */
  targetRows(lane: LaneView, facts: BatchFacts): number;
}

/** Takes requests in order until one does not fit. The first one is always taken. */
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
