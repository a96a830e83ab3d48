import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Replica } from '../../replica/replica.ts';
import type { Batch, BatchReason } from '../../work/batch.ts';
import type { BatchInfo, Entry, RunLocation } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Outcome } from '../../work/outcome.ts';
import type { Work } from './work-source.ts';

/** Handles the start and end of batches of callers' requests: answers or retries the members without an answer. */
export interface RequestWorkOwner {
  started(work: RequestWork): void;
  /** `unanswered` members have no answer; the answers of `bad` ones must not go out. */
  ended(
    work: RequestWork,
    outcome: Outcome,
    unanswered: readonly Entry[],
    bad: ReadonlyMap<Entry, Refusal> | undefined,
  ): void;
}

/** When a batch is sent, and who handles its start and end. */
export interface RequestWorkTerms {
  readonly now: number;
  readonly owner: RequestWorkOwner;
}

/** A batch of callers' requests. */
export class RequestWork implements Work, RunLocation, BatchInfo {
  readonly members: readonly Entry[];
  readonly rows: number;
  readonly reason: BatchReason;
  readonly lane: LaneKey;
  /** When it was sent to its replica. */
  readonly sentAt: number;
  predictedMs = 0;
  computeMs: number | undefined;
  readonly #owner: RequestWorkOwner;
  #place: { readonly replica: Replica; readonly batch: Batch } | undefined;
  /** The entry that gets the answer of a member, where it is no longer the member itself. */
  #successors: Map<Entry, Entry> | undefined;
  /** Members whose answer must not reach their caller, and why. */
  #bad: Map<Entry, Refusal> | undefined;
  /** Answers of explained requests: they are sent when the facts of the batch are known. */
  #held: Map<Entry, Answer | Refusal> | undefined;

  constructor(members: readonly Entry[], reason: BatchReason, { now, owner }: RequestWorkTerms) {
    let rows = 0;
    for (const member of members) {
      rows += member.rows;
      member.dispatchedAt = now;
    }
    this.members = members;
    this.sentAt = now;
    this.rows = rows;
    this.reason = reason;
    this.lane = members[0]?.lane ?? '';
    this.#owner = owner;
  }

  get replica(): Replica | undefined {
    return this.#place?.replica;
  }

  /** 0 before it is sent. */
  get batchId(): number {
    return this.#place?.batch.id ?? 0;
  }

  get replicaId(): string {
    return this.#place?.replica.id ?? '';
  }

  started(replica: Replica, batch: Batch, predictedMs: number): void {
    this.#place = { replica, batch };
    this.predictedMs = predictedMs;
    for (const member of this.members) {
      member.running = this;
      member.batchInfo = this;
      member.attempts += 1;
    }
    this.#owner.started(this);
  }

  /** The caller of a member has left. */
  cancel(member: Entry): void {
    const index = this.members.findIndex((original) => this.#current(original) === member);
    if (index >= 0) this.#place?.replica.cancel(this.#place.batch, index);
  }

  replace(member: Entry, successor: Entry): void {
    const original = this.members.find((each) => this.#current(each) === member);
    if (original === undefined) return;
    this.#successors ??= new Map();
    this.#successors.set(member, successor);
    member.leader = successor;
    const [bad, held] = [this.#bad?.get(member), this.#held?.get(member)];
    if (bad !== undefined) this.#bad?.set(successor, bad);
    if (held !== undefined) this.#held?.set(successor, held);
    successor.running = this;
    successor.batchInfo = this;
    successor.dispatchedAt = member.dispatchedAt;
    successor.attempts = member.attempts;
    successor.inherit(member);
  }

  part(index: number, answer: Answer | Refusal): void {
    const member = this.members[index];
    if (member === undefined) return;
    const entry = this.#current(member);
    if (isRefusal(answer) && answer.reason === 'BAD_OUTPUT') {
      this.#bad ??= new Map();
      this.#bad.set(entry, answer);
    } else if (entry.isExplained || entry.followers?.some(({ isExplained }) => isExplained)) {
      this.#held ??= new Map();
      this.#held.set(entry, answer);
    } else {
      entry.settle(answer);
    }
  }

  settled(outcome: Outcome): void {
    if (outcome.kind === 'done') this.computeMs = outcome.computeMs;
    if (this.#held !== undefined) for (const [entry, answer] of this.#held) entry.settle(answer);
    const unanswered = this.current().filter((member) => !member.isSettled);
    for (const member of unanswered) member.running = undefined;
    this.#owner.ended(this, outcome, unanswered, this.#bad);
  }

  /** The entries that wait for the answers, by position in the batch. */
  current(): readonly Entry[] {
    return this.#successors === undefined
      ? this.members
      : this.members.map((member) => this.#current(member));
  }

  #current(member: Entry): Entry {
    if (this.#successors === undefined) return member;
    let current = member;
    for (let next = this.#successors.get(current); next !== undefined; next = this.#successors.get(current)) {
      current = next;
    }
    return current;
  }
}
