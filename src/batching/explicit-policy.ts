import type { LaneView } from '../work/lane.ts';
import {
  type BatchDecision,
  type BatchFacts,
  type BatchPolicy,
  NOTHING,
  PlainFill,
  WAIT_FOR_TURN,
} from './batch-policy.ts';

/** The two numbers of explicit batching. */
export interface ExplicitBatching {
  /** It may shrink, when rows turn out to depend on their neighbours. */
  readonly maxBatchSize: () => number;
  /** undefined sends a waiting row as soon as a replica is idle; what arrives in the same turn goes along. */
  readonly maxWaitMs: number | undefined;
}

/**
 * Batches by two numbers. A lane is due when it is full or its oldest request has waited long enough; the due lane
 * with the oldest request goes first, and only a full one goes before the turn ends, so that a partial batch takes
 * along what arrives in the same instant.
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
      // A partial batch needs an idle replica. Were a younger full one sent ahead meanwhile, none would ever be idle.
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
