import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Member } from '../../work/batch.ts';
import type { AnswerComparator } from './answer-comparator.ts';

export type GoldenResult =
  | { readonly kind: 'right' }
  | { readonly kind: 'failed' | 'mismatch'; readonly why: string };

/**
 * The input whose answer is known: recorded twice at the first practice, compared ever after. Where the two differ
 * the model answers by chance, and only the form is checked.
 */
export class Golden {
  readonly member: Member;
  readonly #comparator: AnswerComparator;
  readonly #tolerance: number;
  #recorded: Answer | undefined;
  #isConfirmed = false;
  /** Whether numbers are compared; null until the answer was recorded twice. */
  comparesNumbers: boolean | null = null;

  constructor(member: Member, comparator: AnswerComparator, tolerance: number) {
    this.member = member;
    this.#comparator = comparator;
    this.#tolerance = tolerance;
  }

  /** Whether the model has ever answered it: until then a failure speaks against the input. */
  get isKnown(): boolean {
    return this.#isConfirmed;
  }

  /** An answer from practice. */
  record(answer: Answer): void {
    if (this.#recorded === undefined) this.#recorded = answer;
    else if (this.comparesNumbers === null) {
      this.comparesNumbers = this.#comparator.isSame(this.#recorded, answer, this.#tolerance);
    }
    this.#isConfirmed = true;
  }

  check(answer: Answer | Refusal | undefined): GoldenResult {
    if (answer === undefined) return { kind: 'failed', why: 'no answer came' };
    if (isRefusal(answer)) return { kind: 'failed', why: answer.message };
    const recorded = this.#recorded;
    // What the graph declares of its outputs need not be so: what came first is what counts.
    const wrong = recorded === undefined ? '' : this.#comparator.formProblem(recorded, answer);
    if (wrong !== '') return { kind: 'mismatch', why: wrong };
    if (recorded === undefined || this.comparesNumbers === null) {
      this.record(answer);
      return { kind: 'right' };
    }
    if (!this.comparesNumbers || this.#comparator.isSame(recorded, answer, this.#tolerance)) {
      return { kind: 'right' };
    }
    return { kind: 'mismatch', why: 'the golden input gave other numbers than at the first warmup' };
  }
}
