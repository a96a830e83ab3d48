import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Work } from '../../serving/dispatch/work-source.ts';
import type { Member } from '../../work/batch.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Outcome } from '../../work/outcome.ts';

/** A batch that the server itself sends to a replica: a warmup run or a probe. */
export class SyntheticRun implements Work {
  readonly members: readonly Member[];
  readonly rows: number;
  readonly reason: 'warmup' | 'probe';
  readonly lane: LaneKey;
  readonly #onEnd: (outcome: Outcome, first: Answer | Refusal | undefined) => void;
  #first: Answer | Refusal | undefined;

  constructor(
    reason: 'warmup' | 'probe',
    members: readonly Member[],
    onEnd: (outcome: Outcome, first: Answer | Refusal | undefined) => void,
  ) {
    this.reason = reason;
    this.members = members;
    this.lane = members[0]?.lane ?? '';
    this.rows = members.reduce((sum, member) => sum + member.rows, 0);
    this.#onEnd = onEnd;
  }

  started(): void {}

  part(member: number, answer: Answer | Refusal): void {
    if (member === 0) this.#first = answer;
  }

  settled(outcome: Outcome): void {
    this.#onEnd(outcome, this.#first);
  }
}
