import type { Quarantine } from '../recovery/quarantine.ts';
import type { AdmissionStage, Admitted, OnSettled, Submission } from './admission-stage.ts';

/** Marks inputs that have ended replicas, or may have. Later stages act on the mark, so that a recording contains it. */
export class DenyStage implements AdmissionStage {
  readonly #quarantine: Quarantine;
  readonly #next: AdmissionStage;

  constructor(quarantine: Quarantine, next: AdmissionStage) {
    this.#quarantine = quarantine;
    this.#next = next;
  }

  enter(submission: Submission, onSettled: OnSettled): Admitted {
    const { denied, suspects } = this.#quarantine;
    const { facts } = submission;
    const isDenied = denied.has(facts.request);
    const isSuspect = !isDenied && suspects.has(facts.request);
    return this.#next.enter(isDenied || isSuspect ? { facts, isDenied, isSuspect } : submission, onSettled);
  }
}
