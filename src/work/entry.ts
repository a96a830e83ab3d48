import type { Refusal } from '../base/errors.ts';
import type { HeapItem } from '../base/heap.ts';
import { reportMistake } from '../base/mistake.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import type { BatchReason, Member } from './batch.ts';
import type { LaneKey, WaitingRequest } from './lane.ts';
import type { Priority } from './priority.ts';
import { noSetbacks, type Setbacks } from './setbacks.ts';

/** What is known of a request at admission. */
export interface EntryFacts {
  readonly id: number;
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  readonly receivedAt: number;
  /** After this moment an answer is useless. */
  readonly deadline: number;
  /** When it should be answered; never after the deadline. */
  readonly dueBy: number;
  readonly rank: number;
  readonly priority: Priority;
  readonly tenant: Tenant;
  /** Digest of the contents, when equal requests run once. */
  readonly contentKey: string | undefined;
  /** Its caller asked for an explanation of its path. */
  readonly isExplained: boolean;
}

/** The tenant that a request is accounted to. */
export interface Tenant {
  readonly name: string;
  /** Its share relative to other tenants. */
  readonly weight: number;
}

/** The tenant of callers that do not identify themselves. */
export const DEFAULT_TENANT: Tenant = { name: '', weight: 1 };

/** Where a request runs and can be cancelled. */
export interface RunLocation {
  cancel(entry: Entry): void;
  /** The successor gets the answer instead. */
  replace(entry: Entry, successor: Entry): void;
}

/** The batch a request was in. */
export interface BatchInfo {
  readonly reason: BatchReason;
  /** Rows of the whole batch. */
  readonly rows: number;
  readonly replicaId: string;
  readonly predictedMs: number;
  /** Time in the runtime; undefined until the batch has ended successfully. */
  readonly computeMs: number | undefined;
}

/** Accounts for a request; called when it is settled. */
export interface EntryOwner {
  settled(entry: Entry, outcome: Answer | Refusal): void;
}

/** A request between admission and answer. It is settled exactly once; later results are dropped. */
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
  /** Its caller has disconnected or timed out, so it needs no answer of its own. */
  hasLeft = false;
  /** The replica that failed at it, alone or with others. */
  failedAt: string | undefined;
  /** A second replica that failed at it; no third one is tried. */
  alsoFailedAt: string | undefined;
  running: RunLocation | undefined;
  /** Number of batches it has been in. */
  attempts = 0;
  /** The last of its batches. */
  batchInfo: BatchInfo | undefined;
  /** The equal request that runs for both, or has taken its place in its batch. */
  leader: Entry | undefined;
  followers: Entry[] | undefined;
  /** Neighbours in the lane, kept by the queue. */
  before: Entry | undefined;
  after: Entry | undefined;
  /** Neighbours among its tenant's requests of the same priority. */
  flowBefore: Entry | undefined;
  flowAfter: Entry | undefined;
  isQueued = false;
  /** Position in the heap of deadlines. */
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

  /** Ends of replicas that it was involved in. */
  get setbacks(): Setbacks {
    this.#setbacks ??= noSetbacks();
    return this.#setbacks;
  }

  /** Whether there are any. */
  get hasSetbacks(): boolean {
    return this.#setbacks !== undefined;
  }

  /** Takes over the setbacks and failures of the request that it replaces. */
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
