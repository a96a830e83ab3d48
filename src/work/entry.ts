import type { Refusal } from '../base/errors.ts';
import type { HeapItem } from '../base/heap.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import type { Member } from './batch.ts';
import type { LaneKey } from './lane.ts';

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
}

/** Where a request runs, so that it can be called off there. */
export interface RunningPlace {
  cancel(entry: Entry): void;
}

/** Who keeps the books of a request, and is told when it is settled. */
export interface EntryOwner {
  settled(entry: Entry, outcome: Answer | Refusal): void;
}

/** A request between admission and answer. It is settled exactly once; whatever comes later is dropped. */
export class Entry implements Member, HeapItem {
  readonly id: number;
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  readonly receivedAt: number;
  readonly deadline: number;
  /** When it left the queue; undefined while it waits. */
  dispatchedAt: number | undefined;
  /** Replicas that ended while they ran it. */
  losses = 0;
  /** The replica that has failed at it; another one is being asked. */
  failedAt: string | undefined;
  running: RunningPlace | undefined;
  /** Neighbours in the lane, kept by the queue. */
  before: Entry | undefined;
  after: Entry | undefined;
  isQueued = false;
  /** Place among the deadlines. */
  heapIndex = -1;
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
    this.#owner = owner;
    this.#onSettled = onSettled;
  }

  get isSettled(): boolean {
    return this.#owner === undefined;
  }

  settle(outcome: Answer | Refusal): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    this.#onSettled(outcome);
    owner.settled(this, outcome);
  }
}
