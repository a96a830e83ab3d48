import type { Load, PickFacts } from '../../balancing/balancer.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Replica } from '../../replica/replica.ts';
import type { ReplicaView } from '../../replica/roster.ts';
import type { Batch, BatchReason, Member } from '../../work/batch.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Outcome } from '../../work/outcome.ts';

/** Facts that a source gets when it is asked for work. */
export interface DispatchFacts extends PickFacts {
  readonly isTurnEnding: boolean;
}

/** A batch that could be sent now. */
export interface WorkOffer extends Load {
  readonly kind: 'work';
  /** It must have the replica to itself: no other batch may run on it until this one has ended. */
  readonly isAlone: boolean;
  /** Makes the batch. Called once, at once, or never. undefined when no member is left after a second check. */
  take(replica: ReplicaView): Work | undefined;
}

/** Nothing may be sent before then. */
export interface WorkLater {
  readonly kind: 'wait';
  readonly untilMs: number | 'end of turn';
}

/** A batch in progress. Its outcome goes back to its source. */
export interface Work {
  readonly members: readonly Member[];
  readonly rows: number;
  readonly reason: BatchReason;
  /** Batches of one lane have comparable service times. */
  readonly lane: LaneKey;
  started(replica: Replica, batch: Batch, predictedMs: number): void;
  part(member: number, answer: Answer | Refusal): void;
  settled(outcome: Outcome): void;
}

/** Where the dispatcher finds work. Every special case is a source of its own, asked in a fixed order. */
export interface WorkSource {
  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined;
}

/** A source whose work can be cancelled. */
export interface RecoverySource extends WorkSource {
  /** The waiting entries. */
  list(): readonly Entry[];
  takeAll(): Entry[];
}

/** An offer to any free replica, with its exceptions. */
export function offer(
  it: Pick<WorkOffer, 'rows' | 'lane' | 'take'> & Partial<Omit<WorkOffer, 'kind'>>,
): WorkOffer {
  return {
    kind: 'work',
    pin: undefined,
    avoid: undefined,
    mayQueueInReplica: false,
    isAlone: false,
    batchesBehind: 0,
    deadline: Number.POSITIVE_INFINITY,
    ...it,
  };
}
