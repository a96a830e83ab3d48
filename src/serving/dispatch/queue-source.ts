import { reportMistake } from '../../base/mistake.ts';
import {
  type BatchDecision,
  type BatchFacts,
  type BatchFill,
  type BatchPolicy,
  NOTHING,
  PlainFill,
} from '../../batching/batch-policy.ts';
import type { MarginFacts } from '../../batching/margin.ts';
import type { ReplicaView, Roster } from '../../replica/roster.ts';
import type { BatchReason } from '../../work/batch.ts';
import type { Entry } from '../../work/entry.ts';
import type { Deadlines } from '../queue/deadlines.ts';
import type { LaneQueue } from '../queue/lane-queue.ts';
import type { RequestQueue } from '../queue/request-queue.ts';
import type { TransportTime } from '../queue/transport-time.ts';
import { RequestWork, type RequestWorkOwner } from './request-work.ts';
import { type DispatchFacts, offer, type WorkLater, type WorkOffer, type WorkSource } from './work-source.ts';

/** At or below this shed share the capacity suffices for all tenants. */
const CROWDED_SHED_SHARE = 0.01;

/** Dependencies of the source of new requests. */
export interface QueueSourceParts {
  readonly queue: RequestQueue;
  readonly deadlines: Deadlines;
  readonly policy: BatchPolicy;
  readonly roster: Roster;
  readonly transport: TransportTime;
  readonly owner: RequestWorkOwner;
  /** Share of rows that fail whatever batch they are in. */
  readonly badShare: (now: number) => number;
  readonly maxBatchSize: () => number;
  readonly margin: MarginFacts;
  readonly shedShare: () => number;
  /** Called with entries that are out of the queue and must be refused. */
  readonly drop: (entries: readonly Entry[]) => void;
}

/** Source of new requests: the batching policy decides which lane goes, when, and which requests join the batch. */
export class QueueSource implements WorkSource {
  readonly #parts: QueueSourceParts;

  constructor(parts: QueueSourceParts) {
    this.#parts = parts;
  }

  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined {
    const { queue, deadlines } = this.#parts;
    if (queue.rows === 0) return undefined;
    deadlines.expire(facts.now);
    if (facts.eligible.length === 0) return undefined;
    const batchFacts = this.#facts(facts);
    for (;;) {
      const decision = this.#choose(batchFacts);
      if (decision.kind === 'nothing') return undefined;
      if (decision.kind === 'wait') return decision;
      const lane = decision.lane as LaneQueue;
      const isGoing = this.#clearHead(lane, batchFacts);
      if (isGoing) return this.#offer(lane, decision.reason, batchFacts);
      // Behind a running batch it is too late for the head; on an idle replica it may not be.
      if (!batchFacts.hasIdleReplica) return undefined;
    }
  }

  /** A policy that throws must not keep requests waiting: then the first lane goes to an idle replica. */
  #choose(facts: BatchFacts): BatchDecision {
    const { policy, queue } = this.#parts;
    try {
      return policy.choose(queue.lanes(), facts);
    } catch (error) {
      reportMistake('the choice of a batch', error);
      const [lane] = queue.lanes();
      return lane === undefined || !facts.hasIdleReplica ? NOTHING : { kind: 'send', lane, reason: 'idle' };
    }
  }

  #fill(lane: LaneQueue, maxRows: number, facts: BatchFacts): BatchFill {
    try {
      return this.#parts.policy.fill(lane, maxRows, facts);
    } catch (error) {
      reportMistake('the filling of a batch', error);
      return new PlainFill(maxRows);
    }
  }

  /** Drops requests at the head that are too late. Returns whether a request is left to go now. */
  #clearHead(lane: LaneQueue, facts: BatchFacts): boolean {
    const { queue, maxBatchSize, drop } = this.#parts;
    const fill = this.#fill(lane, maxBatchSize(), facts);
    let next = lane.next;
    if (next === undefined) return false;
    if (fill.rule(next, lane.rows, queue.isUnderShare(next)) !== 'drop') return true;
    if (!facts.hasIdleReplica) return false;
    const dropped: Entry[] = [];
    do {
      queue.remove(next);
      dropped.push(next);
      next = lane.next;
    } while (next !== undefined && fill.rule(next, lane.rows, queue.isUnderShare(next)) === 'drop');
    drop(dropped);
    return next !== undefined;
  }

  #facts({ now, isTurnEnding, eligible }: DispatchFacts): BatchFacts {
    const { queue, roster, transport, badShare, shedShare, margin } = this.#parts;
    let idleReplicas = 0;
    let firstFreeAt = Number.POSITIVE_INFINITY;
    for (const { running, busyUntil } of eligible) {
      if (running === 0) idleReplicas += 1;
      firstFreeAt = Math.min(firstFreeAt, busyUntil);
    }
    const hasIdleReplica = idleReplicas > 0;
    const startAt = hasIdleReplica ? now : Math.max(now, firstFreeAt);
    const shed = shedShare();
    return {
      now,
      isTurnEnding,
      hasIdleReplica,
      idleReplicas,
      startAt,
      replicas: roster.serving,
      transportMs: transport.ms,
      margin,
      busyShare: () => roster.busyShare(now),
      shedShare: shed,
      isCrowded: shed > CROWDED_SHED_SHARE && queue.isCrowded,
      badShare: badShare(now),
    };
  }

  #offer(lane: LaneQueue, reason: BatchReason, facts: BatchFacts): WorkOffer {
    const { queue, policy, owner, maxBatchSize, drop } = this.#parts;
    const targetRows = policy.targetRows(lane, facts);
    return offer({
      rows: Math.min(lane.rows, maxBatchSize()),
      lane: lane.key,
      batchesBehind: Math.ceil(Math.max(0, queue.rows - targetRows) / targetRows),
      deadline: lane.next?.dueBy ?? Number.POSITIVE_INFINITY,
      mayQueueInReplica: !facts.hasIdleReplica || reason === 'size',
      take: ({ share }: ReplicaView) => {
        // A replica in slow start gets smaller batches; a request is never split, so the first one always goes.
        const maxRows = Math.max(1, Math.ceil(maxBatchSize() * share));
        const fill = this.#fill(lane, maxRows, facts);
        const { members, dropped } = queue.take(lane.key, fill);
        drop(dropped);
        // For a smaller batch than the one checked before, all members may be dropped.
        if (members.length === 0) return undefined;
        return new RequestWork(members, reason, { now: facts.now, owner });
      },
    });
  }
}
