import { type BatchDecision, chooseBatch, type ExplicitBatching } from '../batching/explicit-policy.ts';
import type { ReplicaView } from '../replica/roster.ts';
import type { Deadlines } from './deadlines.ts';
import type { Recovery } from './recovery.ts';
import type { RequestQueue } from './request-queue.ts';
import { RequestWork } from './request-work.ts';
import { type DispatchFacts, offer, type WorkLater, type WorkOffer, type WorkSource } from './work-source.ts';

/** New requests: the batching policy says which lane goes and when. */
export class QueueSource implements WorkSource {
  readonly #queue: RequestQueue;
  readonly #deadlines: Deadlines;
  readonly #batching: () => ExplicitBatching;
  readonly #recovery: Recovery;

  constructor(
    queue: RequestQueue,
    deadlines: Deadlines,
    batching: () => ExplicitBatching,
    recovery: Recovery,
  ) {
    this.#queue = queue;
    this.#deadlines = deadlines;
    this.#batching = batching;
    this.#recovery = recovery;
  }

  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined {
    if (this.#queue.rows === 0) return undefined;
    this.#deadlines.expire(facts.now);
    if (facts.eligible.length === 0) return undefined;
    const decision = chooseBatch(this.#batching(), this.#queue.lanes(), {
      now: facts.now,
      isTurnEnding: facts.isTurnEnding,
      hasIdleReplica: facts.eligible.some((replica) => replica.running === 0),
    });
    if (decision.kind === 'nothing') return undefined;
    return decision.kind === 'wait' ? decision : this.#offer(decision, facts.now);
  }

  #offer({ lane, reason }: BatchDecision & { kind: 'send' }, now: number): WorkOffer {
    const { maxBatchSize } = this.#batching();
    return offer({
      rows: Math.min(lane.rows, maxBatchSize),
      batchesBehind: Math.ceil(Math.max(0, this.#queue.rows - maxBatchSize) / maxBatchSize),
      deadline: lane.oldestDeadline,
      mayQueueInReplica: reason === 'size',
      take: ({ share }: ReplicaView) => {
        // One that is eased in gets smaller batches; a request is never split, so the first one always goes.
        const rows = share === 1 ? maxBatchSize : Math.max(lane.oldestRows, Math.ceil(maxBatchSize * share));
        const members = this.#queue.take(lane.key, Math.min(rows, maxBatchSize));
        return new RequestWork(members, reason, now, this.#recovery);
      },
    });
  }
}
