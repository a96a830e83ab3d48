import type { Load, PickFacts } from '../../balancing/balancer.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Replica } from '../../replica/replica.ts';
import type { ReplicaView } from '../../replica/roster.ts';
import type { Batch, BatchReason, Member } from '../../work/batch.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Outcome } from '../../work/outcome.ts';

/** What a source is told when it is asked for work. */
export interface DispatchFacts extends PickFacts {
  readonly isTurnEnding: boolean;
}

/** A batch that could go now. */
export interface WorkOffer extends Load {
  readonly kind: 'work';
  /** It must have the replica to itself: nothing else may be there, nor come, until it has ended. */
  readonly isAlone: boolean;
  /** Makes it so. Called once, at once, or never. Undefined when, looked at again, nobody is left to go. */
  take(replica: ReplicaView): Work | undefined;
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
  /** Batches of one lane take alike. */
  readonly lane: LaneKey;
  started(replica: Replica, batch: Batch, predictedMs: number): void;
  part(member: number, answer: Answer | Refusal): void;
  settled(outcome: Outcome): void;
}

/** Where the dispatcher finds work. Every special case is a source of its own, asked in a fixed order. */
export interface WorkSource {
  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined;
}

/** A source whose work can be called off. */
export interface RecoverySource extends WorkSource {
  /** What waits. */
  list(): readonly Entry[];
  takeAll(): Entry[];
}

/** An offer to whoever is free, with what is special about it. */
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
