import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Member } from '../../work/batch.ts';
import type { AnswerComparator } from './answer-comparator.ts';

export type GoldenResult =
  | { readonly kind: 'right' }
  | { readonly kind: 'failed' | 'mismatch'; readonly why: string };

/**
 * The golden input and its answer, recorded twice at the first warmup and compared at each later check. When the two
 * recordings differ, the model is not deterministic and only the form is checked.
 */
export class Golden {
  readonly member: Member;
  readonly #comparator: AnswerComparator;
  readonly #tolerance: number;
  #recorded: Answer | undefined;
  #isConfirmed = false;
  /** Whether values are compared; null until the answer was recorded twice. */
  comparesNumbers: boolean | null = null;

  constructor(member: Member, comparator: AnswerComparator, tolerance: number) {
    this.member = member;
    this.#comparator = comparator;
    this.#tolerance = tolerance;
  }

  /** Whether the model has ever answered it: until then a failure is evidence against the input. */
  get isKnown(): boolean {
    return this.#isConfirmed;
  }

  /** Records an answer from warmup. */
  record(answer: Answer): void {
    if (this.#recorded === undefined) this.#recorded = answer;
    else if (this.comparesNumbers === null) {
      this.comparesNumbers = this.#comparator.isSame(this.#recorded, answer, this.#tolerance);
    }
    this.#isConfirmed = true;
  }

  check(answer: Answer | Refusal | undefined): GoldenResult {
    if (answer === undefined)
      return { kind: 'failed', why: 'the replica returned no answer to the golden input' };
    if (isRefusal(answer)) return { kind: 'failed', why: answer.message };
    const recorded = this.#recorded;
    // Declared outputs may be wrong, so the form of the first answer is the reference.
    const wrong = recorded === undefined ? '' : this.#comparator.formProblem(recorded, answer);
    if (wrong !== '') return { kind: 'mismatch', why: wrong };
    if (recorded === undefined || this.comparesNumbers === null) {
      this.record(answer);
      return { kind: 'right' };
    }
    if (!this.comparesNumbers || this.#comparator.isSame(recorded, answer, this.#tolerance)) {
      return { kind: 'right' };
    }
    return { kind: 'mismatch', why: 'the golden input returned other values than at the first warmup' };
  }
}
