import { type BatchDecision, chooseBatch, type ExplicitBatching } from '../batching/explicit-policy.ts';
import type { Entry } from '../work/entry.ts';
import type { Deadlines } from './deadlines.ts';
import type { RequestQueue } from './request-queue.ts';
import { RequestWork } from './request-work.ts';
import type { DispatchFacts, Work, WorkLater, WorkOffer, WorkSource } from './work-source.ts';

const FULL_BATCH: WorkOffer = { kind: 'work', pin: undefined, mayQueueInReplica: true };
const PARTIAL_BATCH: WorkOffer = { kind: 'work', pin: undefined, mayQueueInReplica: false };

/** New requests: the batching policy says which lane goes and when. */
export class QueueSource implements WorkSource {
  readonly #queue: RequestQueue;
  readonly #deadlines: Deadlines;
  readonly #batching: () => ExplicitBatching;
  readonly #onLost: (members: readonly Entry[]) => void;
  #chosen: (BatchDecision & { kind: 'send' }) | undefined;
  #now = 0;

  constructor(
    queue: RequestQueue,
    deadlines: Deadlines,
    batching: () => ExplicitBatching,
    onLost: (members: readonly Entry[]) => void,
  ) {
    this.#queue = queue;
    this.#deadlines = deadlines;
    this.#batching = batching;
    this.#onLost = onLost;
  }

  peek(facts: DispatchFacts): WorkOffer | WorkLater | undefined {
    if (this.#queue.rows === 0) return undefined;
    this.#deadlines.expire(facts.now);
    const ready = facts.free.filter((replica) => replica.isReady);
    if (ready.length === 0) return undefined;
    const decision = chooseBatch(this.#batching(), this.#queue.lanes(), {
      now: facts.now,
      isTurnEnding: facts.isTurnEnding,
      hasIdleReplica: ready.some((replica) => replica.running === 0),
    });
    if (decision.kind === 'nothing') return undefined;
    if (decision.kind === 'wait') return decision;
    this.#chosen = decision;
    this.#now = facts.now;
    return decision.reason === 'size' ? FULL_BATCH : PARTIAL_BATCH;
  }

  take(): Work {
    if (this.#chosen === undefined) throw new Error('no batch was chosen');
    const { lane, reason } = this.#chosen;
    this.#chosen = undefined;
    const members = this.#queue.take(lane.key, this.#batching().maxBatchSize);
    return new RequestWork(members, reason, this.#now, this.#onLost);
  }
}
