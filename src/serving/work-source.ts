import type { Load } from '../balancing/balancer.ts';
import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { Replica } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';
import type { Batch, BatchReason, Member } from '../work/batch.ts';
import type { Outcome } from '../work/outcome.ts';

/** What a source is told when it is asked for work. */
export interface DispatchFacts {
  readonly now: number;
  readonly isTurnEnding: boolean;
  /** Replicas with a credit, in any state. */
  readonly free: readonly ReplicaView[];
}

/** A batch that could go now. */
export interface WorkOffer extends Load {
  readonly kind: 'work';
}

/** Nothing may go before then. */
export interface WorkLater {
  readonly kind: 'wait';
  readonly untilMs: number | 'end of turn';
}

/** A batch on its way. Its outcome goes back to where it came from. */
export interface Work {
  readonly members: readonly Member[];
  readonly rows: number;
  readonly reason: BatchReason;
  started(replica: Replica, batch: Batch): void;
  part(member: number, answer: Answer | Refusal): void;
  settled(outcome: Outcome): void;
}

/** Where the dispatcher finds work. Every special case is a source of its own, asked in a fixed order. */
export interface WorkSource {
  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined;
  /** Takes what the last `peek` offered. */
  take(): Work;
}
