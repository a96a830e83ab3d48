import type { Refusal } from '../base/errors.ts';
import type { HeapItem } from '../base/heap.ts';
import { reportMistake } from '../base/mistake.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import type { BatchReason, Member } from './batch.ts';
import type { LaneKey, WaitingRequest } from './lane.ts';
import type { Priority } from './priority.ts';
import { noSetbacks, type Setbacks } from './setbacks.ts';

/** What is known of a request when it is admitted. */
export interface EntryFacts {
  readonly id: number;
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  readonly receivedAt: number;
  /** The moment after which an answer is worthless. */
  readonly deadline: number;
  /** By when it should be answered; never after the deadline. */
  readonly dueBy: number;
  readonly rank: number;
  readonly priority: Priority;
  readonly tenant: Tenant;
  /** Stands for all of its contents, where equal requests are to run once. */
  readonly contentKey: string | undefined;
  /** Its caller wants to know what became of it on the way. */
  readonly isExplained: boolean;
}

/** On whose account a request runs. */
export interface Tenant {
  readonly name: string;
  /** Its share beside that of others. */
  readonly weight: number;
}

/** Who has not said who they are. */
export const DEFAULT_TENANT: Tenant = { name: '', weight: 1 };

/** Where a request runs, so that it can be called off there. */
export interface RunLocation {
  cancel(entry: Entry): void;
  /** Another one gets the answer instead. */
  replace(entry: Entry, successor: Entry): void;
}

/** The batch a request was in. */
export interface BatchInfo {
  readonly reason: BatchReason;
  /** Of the whole batch. */
  readonly rows: number;
  readonly replicaId: string;
  readonly predictedMs: number;
  /** Time in the runtime; undefined until it has ended well. */
  readonly computeMs: number | undefined;
}

/** Who keeps the books of a request, and is told when it is settled. */
export interface EntryOwner {
  settled(entry: Entry, outcome: Answer | Refusal): void;
}

/** A request between admission and answer. It is settled exactly once; whatever comes later is dropped. */
export class Entry implements Member, WaitingRequest, HeapItem {
  readonly id: number;
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  readonly receivedAt: number;
  readonly deadline: number;
  readonly dueBy: number;
  readonly rank: number;
  readonly priority: Priority;
  readonly tenant: Tenant;
  readonly contentKey: string | undefined;
  readonly isExplained: boolean;
  isExploration = false;
  /** When it left the queue; undefined while it waits. */
  dispatchedAt: number | undefined;
  /** Its caller has gone, or has waited for as long as it wanted to: it has no answer of its own. */
  hasLeft = false;
  /** The replica that has failed at it, alone or among others. */
  failedAt: string | undefined;
  /** Another one that has: there is no need to ask a third. */
  alsoFailedAt: string | undefined;
  running: RunLocation | undefined;
  /** Batches it has been in. */
  attempts = 0;
  /** The last of them. */
  batchInfo: BatchInfo | undefined;
  /** The equal request that runs for both. */
  leader: Entry | undefined;
  followers: Entry[] | undefined;
  /** Neighbours in the lane, kept by the queue. */
  before: Entry | undefined;
  after: Entry | undefined;
  /** Neighbours among its tenant's requests of the same priority. */
  flowBefore: Entry | undefined;
  flowAfter: Entry | undefined;
  isQueued = false;
  /** ReplicaSlot among the deadlines. */
  heapIndex = -1;
  #setbacks: Setbacks | undefined;
  #owner: EntryOwner | undefined;
  readonly #onSettled: (outcome: Answer | Refusal) => void;

  constructor(facts: EntryFacts, owner: EntryOwner, onSettled: (outcome: Answer | Refusal) => void) {
    this.id = facts.id;
    this.request = facts.request;
    this.lane = facts.lane;
    this.rows = facts.rows;
    this.bytes = facts.bytes;
    this.receivedAt = facts.receivedAt;
    this.deadline = facts.deadline;
    this.dueBy = facts.dueBy;
    this.rank = facts.rank;
    this.priority = facts.priority;
    this.tenant = facts.tenant;
    this.contentKey = facts.contentKey;
    this.isExplained = facts.isExplained;
    this.#owner = owner;
    this.#onSettled = onSettled;
  }

  /** Ends of replicas that it has met. */
  get setbacks(): Setbacks {
    this.#setbacks ??= noSetbacks();
    return this.#setbacks;
  }

  /** Whether it has met any. */
  get hasSetbacks(): boolean {
    return this.#setbacks !== undefined;
  }

  /** It takes the place of another one, and inherits what that one has met. */
  inherit(other: Entry): void {
    this.#setbacks = other.#setbacks && { ...other.#setbacks };
    this.failedAt = other.failedAt;
    this.alsoFailedAt = other.alsoFailedAt;
  }

  get isSettled(): boolean {
    return this.#owner === undefined;
  }

  settle(outcome: Answer | Refusal): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    try {
      this.#onSettled(outcome);
    } catch (error) {
      reportMistake('the answer to a request', error);
    } finally {
      owner.settled(this, outcome);
    }
  }
}
