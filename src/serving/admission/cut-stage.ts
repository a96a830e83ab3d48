import { isRefusal } from '../../base/errors.ts';
import type { AdmissionStage, Admitted, OnSettled, Submission } from './admission-stage.ts';
import type { Padding } from './padding.ts';

/** Cuts the answers of padded requests to the length of the request. */
export class CutStage implements AdmissionStage {
  readonly #padding: Padding;
  readonly #next: AdmissionStage;

  constructor(padding: Padding, next: AdmissionStage) {
    this.#padding = padding;
    this.#next = next;
  }

  enter(submission: Submission, onSettled: OnSettled): Admitted {
    const { trueLength } = submission.facts;
    if (trueLength === undefined) return this.#next.enter(submission, onSettled);
    return this.#next.enter(submission, (outcome) =>
      onSettled(isRefusal(outcome) ? outcome : this.#padding.cut(outcome, trueLength)),
    );
  }
}
