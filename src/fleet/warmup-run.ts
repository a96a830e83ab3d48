import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { Work } from '../serving/work-source.ts';
import type { Member } from '../work/batch.ts';
import type { Outcome } from '../work/outcome.ts';

/** One practice batch. */
export class WarmupRun implements Work {
  readonly members: readonly Member[];
  readonly rows: number;
  readonly reason = 'warmup';
  readonly #onEnd: (outcome: Outcome, first: Answer | Refusal | undefined) => void;
  #first: Answer | Refusal | undefined;

  constructor(
    members: readonly Member[],
    onEnd: (outcome: Outcome, first: Answer | Refusal | undefined) => void,
  ) {
    this.members = members;
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
