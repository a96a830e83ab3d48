import { type Refusal, refuse } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { Replica } from '../replica/replica.ts';
import type { Batch, BatchReason } from '../work/batch.ts';
import type { Entry, RunningPlace } from '../work/entry.ts';
import type { Outcome } from '../work/outcome.ts';
import type { Work } from './work-source.ts';

/** How often a request may lose its replica before it is answered 503. */
const MAX_LOSSES = 1;

/** A batch of callers' requests. */
export class RequestWork implements Work, RunningPlace {
  readonly members: readonly Entry[];
  readonly rows: number;
  readonly reason: BatchReason;
  readonly #onLost: (members: readonly Entry[]) => void;
  #place: { readonly replica: Replica; readonly batch: Batch } | undefined;

  /** `onLost` gets those who may try again when their replica is lost. */
  constructor(
    members: readonly Entry[],
    reason: BatchReason,
    now: number,
    onLost: (members: readonly Entry[]) => void,
  ) {
    let rows = 0;
    for (const member of members) {
      rows += member.rows;
      member.dispatchedAt = now;
    }
    this.members = members;
    this.rows = rows;
    this.reason = reason;
    this.#onLost = onLost;
  }

  started(replica: Replica, batch: Batch): void {
    this.#place = { replica, batch };
    for (const member of this.members) member.running = this;
  }

  /** The caller of a member has gone. */
  cancel(member: Entry): void {
    this.#place?.replica.cancel(this.#place.batch, this.members.indexOf(member));
  }

  part(member: number, answer: Answer | Refusal): void {
    this.members[member]?.settle(answer);
  }

  settled(outcome: Outcome): void {
    const unanswered = this.members.filter((member) => !member.isSettled);
    if (unanswered.length === 0) return;
    for (const member of unanswered) member.running = undefined;
    if (outcome.kind !== 'lost') {
      const refusal =
        outcome.kind === 'threw'
          ? refuse('MODEL_ERROR', `the model failed: ${outcome.message}`)
          : refuse('INTERNAL', 'the replica ended the batch without an answer to this request');
      for (const member of unanswered) member.settle(refusal);
      return;
    }
    const mayRetry = (member: Entry) => member.losses <= MAX_LOSSES;
    for (const member of unanswered) {
      member.losses += 1;
      member.dispatchedAt = undefined;
      if (!mayRetry(member)) {
        member.settle(
          refuse('REPLICA_LOST', `two replicas were lost while they ran this request: ${outcome.detail}`),
        );
      }
    }
    const again = unanswered.filter(mayRetry);
    if (again.length > 0) this.#onLost(again);
  }
}
