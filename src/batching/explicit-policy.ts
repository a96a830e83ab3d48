import type { LaneView } from '../work/lane.ts';
import {
  type BatchDecision,
  type BatchFacts,
  type BatchPolicy,
  NOTHING,
  PlainFill,
  WAIT_FOR_TURN,
} from './batch-policy.ts';

/** The two settings of explicit batching. */
export interface ExplicitBatching {
  /** May shrink when rows turn out to depend on each other. */
  readonly maxBatchSize: () => number;
  /** undefined: a waiting row is sent as soon as a replica is idle, with what arrives in the same turn. */
  readonly maxWaitMs: number | undefined;
}

/**
 * Batches by two settings. A lane is due when it is full or its oldest request has waited long enough. The due lane
 * with the oldest request is sent first. Only a full batch is sent before the end of the turn, so that a partial one
 * includes what arrives in the same instant.
 */
export class ExplicitPolicy implements BatchPolicy {
  readonly #settings: ExplicitBatching;

  constructor(settings: ExplicitBatching) {
    this.#settings = settings;
  }

  choose(lanes: Iterable<LaneView>, facts: BatchFacts): BatchDecision {
    const maxWaitMs = this.#settings.maxWaitMs ?? 0;
    const maxBatchSize = this.#settings.maxBatchSize();
    let oldestDue: LaneView | undefined;
    let nextDueMs = Number.POSITIVE_INFINITY;
    for (const lane of lanes) {
      const dueMs = lane.oldestReceivedAt + maxWaitMs;
      const isFull = lane.rows >= maxBatchSize;
      if (!isFull && dueMs > facts.now) nextDueMs = Math.min(nextDueMs, dueMs);
      else if (oldestDue === undefined || lane.oldestId < oldestDue.oldestId) oldestDue = lane;
    }
    if (oldestDue !== undefined) {
      if (oldestDue.rows >= maxBatchSize) return { kind: 'send', lane: oldestDue, reason: 'size' };
      // A partial batch needs an idle replica. If younger full batches were sent first, none would ever be idle.
      if (!facts.hasIdleReplica) return NOTHING;
      if (!facts.isTurnEnding) return WAIT_FOR_TURN;
      return {
        kind: 'send',
        lane: oldestDue,
        reason: this.#settings.maxWaitMs === undefined ? 'idle' : 'timer',
      };
    }
    if (!facts.hasIdleReplica || nextDueMs === Number.POSITIVE_INFINITY) return NOTHING;
    return { kind: 'wait', untilMs: nextDueMs };
  }

  fill(_lane: LaneView, maxRows: number): PlainFill {
    return new PlainFill(Math.min(maxRows, this.#settings.maxBatchSize()));
  }

  targetRows(): number {
    return this.#settings.maxBatchSize();
  }
}
