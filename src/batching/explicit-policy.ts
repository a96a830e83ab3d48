import type { BatchReason } from '../work/batch.ts';
import type { LaneView } from '../work/lane.ts';

/** The two numbers of explicit batching. */
export interface ExplicitBatching {
  readonly maxBatchSize: number;
  /** undefined sends a waiting row as soon as a replica is idle; what arrives in the same turn goes along. */
  readonly maxWaitMs: number | undefined;
}

/** What the decision rests on beside the lanes. */
export interface BatchFacts {
  readonly now: number;
  /** Whether everything that arrived in this turn has been seen. */
  readonly isTurnEnding: boolean;
  /** Whether a replica stands idle; else there is only room behind a running batch, which is for full ones. */
  readonly hasIdleReplica: boolean;
}

export type BatchDecision =
  | { readonly kind: 'send'; readonly lane: LaneView; readonly reason: BatchReason }
  | { readonly kind: 'wait'; readonly untilMs: number | 'end of turn' }
  | { readonly kind: 'nothing' };

const NOTHING: BatchDecision = { kind: 'nothing' };
const WAIT_FOR_TURN: BatchDecision = { kind: 'wait', untilMs: 'end of turn' };

/**
 * Which lane may send a batch now. A lane is due when it is full or its oldest request has waited long enough;
 * the due lane with the oldest request goes first, and only a full one goes before the turn ends, so that a
 * partial batch takes along what arrives in the same instant.
 */
export function chooseBatch(
  settings: ExplicitBatching,
  lanes: Iterable<LaneView>,
  facts: BatchFacts,
): BatchDecision {
  const maxWaitMs = settings.maxWaitMs ?? 0;
  let oldestDue: LaneView | undefined;
  let nextDueMs = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    const dueMs = lane.oldestReceivedAt + maxWaitMs;
    const isFull = lane.rows >= settings.maxBatchSize;
    if (!isFull && dueMs > facts.now) nextDueMs = Math.min(nextDueMs, dueMs);
    else if (oldestDue === undefined || lane.oldestId < oldestDue.oldestId) oldestDue = lane;
  }
  if (oldestDue !== undefined) {
    if (oldestDue.rows >= settings.maxBatchSize) return { kind: 'send', lane: oldestDue, reason: 'size' };
    // A partial batch needs an idle replica. Were a younger full one sent ahead meanwhile, none would ever be idle.
    if (!facts.hasIdleReplica) return NOTHING;
    if (!facts.isTurnEnding) return WAIT_FOR_TURN;
    return { kind: 'send', lane: oldestDue, reason: settings.maxWaitMs === undefined ? 'idle' : 'timer' };
  }
  if (!facts.hasIdleReplica || nextDueMs === Number.POSITIVE_INFINITY) return NOTHING;
  return { kind: 'wait', untilMs: nextDueMs };
}
