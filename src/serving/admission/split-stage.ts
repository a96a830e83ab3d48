import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { dataBytes } from '../../tensor/tensor.ts';
import type { Entry } from '../../work/entry.ts';
import type { AdmissionStage, Admitted, OnSettled, Submission } from './admission-stage.ts';
import { cutRequest, SplitRequest } from './split-request.ts';

/** What splitting needs to know of the version. */
export interface SplitTerms {
  /** Maximum rows of a batch; 1 where rows are not merged. */
  readonly maxBatchSize: () => number;
  /** The refusal of a request of `rows` rows that can never be admitted; undefined when it can. */
  readonly whyTooLarge: (rows: number) => Refusal | undefined;
  readonly cancel: (entry: Entry) => void;
}

/** Cuts a request of more rows than a batch into batches where rows are independent; each becomes an entry. */
export class SplitStage implements AdmissionStage {
  readonly #terms: SplitTerms;
  readonly #next: AdmissionStage;
  readonly #ofParts: AdmissionStage;

  /** The parts go one by one through `ofParts`; a request that need not be split goes through `next`. */
  constructor(terms: SplitTerms, next: AdmissionStage, ofParts: AdmissionStage) {
    this.#terms = terms;
    this.#next = next;
    this.#ofParts = ofParts;
  }

  enter(submission: Submission, onSettled: OnSettled): Admitted {
    const { facts, isDenied } = submission;
    const { maxBatchSize, whyTooLarge, cancel } = this.#terms;
    const most = maxBatchSize();
    const isWhole = isDenied || facts.request.parts !== undefined;
    if (facts.rows <= most || most === 1 || isWhole) return this.#next.enter(submission, onSettled);
    const tooLarge = whyTooLarge(facts.rows);
    if (tooLarge !== undefined) return tooLarge;
    const requests = cutRequest(facts.request, facts.rows, most);
    const split = new SplitRequest(requests.map(rowsOf), onSettled);
    for (const [index, request] of requests.entries()) {
      const bytes = dataBytes(request.inputs);
      // A content key is the key of the whole request, not of its parts.
      const part = { ...facts, request, rows: rowsOf(request), bytes, contentKey: undefined };
      const admitted = this.#ofParts.enter({ facts: part, isDenied: false, isSuspect: false }, (outcome) =>
        split.settled(index, outcome),
      );
      const whyNot = isRefusal(admitted) ? admitted : split.refusal;
      if (!isRefusal(admitted)) split.parts.push(admitted as Entry);
      if (whyNot === undefined) continue;
      for (const each of split.parts) cancel(each);
      return whyNot;
    }
    return split;
  }
}

function rowsOf({ inputs }: InferenceRequest): number {
  return inputs[0]?.shape[0] ?? 1;
}
