import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { InputList } from '../../serving/recovery/input-list.ts';
import { formProblem } from '../../warmup/golden-answer.ts';
import { rowsProblem } from '../../warmup/row-comparison.ts';
import { OTHER_SIZE, SAME_KERNELS, sameAnswer } from '../../warmup/same-answer.ts';

/** One row of the answer to a batch. */
export interface AnswerRow {
  readonly answer: Answer;
  readonly row: number;
}

/** Whether two runs have the same shapes: only then are their results rounded alike. */
export type RunsCompared = 'same size' | 'other size';

/**
 * All decisions that depend on the content of an answer or input. A port: a replay has no content, only the recorded
 * results. Problems are sentences, empty when there is none.
 */
export interface AnswerComparator {
  isSame(one: Answer, other: Answer, tolerance: number): boolean;
  /** Whether all answers are equal, so that they prove nothing. */
  areAlike(answers: readonly Answer[]): boolean;
  /** How the form of an answer (names, datatypes, shapes) differs from an earlier one. */
  formProblem(before: Answer, answer: Answer): string;
  /** Whether the content of a request is on the list. */
  isListed(list: InputList, request: InferenceRequest): boolean;
  /** How a batch's rows differ from their counterparts in other runs; one per row, undefined skips the row. */
  rowsProblem(batch: Answer, counterparts: readonly (AnswerRow | undefined)[], runs: RunsCompared): string;
}

/** Compares the content itself. */
export const COMPARATOR: AnswerComparator = {
  isSame: (one, other, tolerance) =>
    sameAnswer(one.outputs, other.outputs, { tolerance, allowsLevels: true }),
  areAlike: ([first, ...others]) =>
    others.every(({ outputs }) => first !== undefined && sameAnswer(first.outputs, outputs, SAME_KERNELS)),
  formProblem: (before, { outputs }) => formProblem(before.outputs, outputs) ?? '',
  isListed: (list, request) => list.has(request),
  rowsProblem: (batch, counterparts, runs) =>
    rowsProblem(
      batch.outputs,
      counterparts.map((each) => each && { outputs: each.answer.outputs, row: each.row }),
      runs === 'same size' ? SAME_KERNELS : OTHER_SIZE,
    ) ?? '',
};
