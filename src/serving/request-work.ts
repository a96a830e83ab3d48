import { isRefusal, type Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { Replica } from '../replica/replica.ts';
import type { Batch, BatchReason } from '../work/batch.ts';
import type { Entry, RunningPlace } from '../work/entry.ts';
import type { Outcome } from '../work/outcome.ts';
import type { Recovery } from './recovery.ts';
import type { Work } from './work-source.ts';

/** A batch of callers' requests. What it leaves unanswered is for the recovery to see to. */
export class RequestWork implements Work, RunningPlace {
  readonly members: readonly Entry[];
  readonly rows: number;
  readonly reason: BatchReason;
  readonly #recovery: Recovery;
  #place: { readonly replica: Replica; readonly batch: Batch } | undefined;
  /** Members whose answer must not reach their caller, and why. */
  #bad: Map<Entry, Refusal> | undefined;

  constructor(members: readonly Entry[], reason: BatchReason, now: number, recovery: Recovery) {
    let rows = 0;
    for (const member of members) {
      rows += member.rows;
      member.dispatchedAt = now;
    }
    this.members = members;
    this.rows = rows;
    this.reason = reason;
    this.#recovery = recovery;
  }

  get replica(): Replica | undefined {
    return this.#place?.replica;
  }

  started(replica: Replica, batch: Batch): void {
    this.#place = { replica, batch };
    for (const member of this.members) member.running = this;
    this.#recovery.started(this);
  }

  /** The caller of a member has gone. */
  cancel(member: Entry): void {
    this.#place?.replica.cancel(this.#place.batch, this.members.indexOf(member));
  }

  part(member: number, answer: Answer | Refusal): void {
    const entry = this.members[member];
    if (entry === undefined) return;
    if (isRefusal(answer) && answer.reason === 'BAD_OUTPUT') {
      this.#bad ??= new Map();
      this.#bad.set(entry, answer);
    } else {
      entry.settle(answer);
    }
  }

  settled(outcome: Outcome): void {
    const unanswered = this.members.filter((member) => !member.isSettled);
    for (const member of unanswered) member.running = undefined;
    this.#recovery.ended(this, outcome, unanswered, this.#bad);
  }
}
