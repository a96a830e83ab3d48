import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { InputList } from '../../serving/recovery/input-list.ts';
import { formProblem } from '../../warmup/golden-answer.ts';
import { rowsProblem } from '../../warmup/row-comparison.ts';
import { OTHER_SIZE, SAME_KERNELS, sameAnswer } from '../../warmup/same-answer.ts';

/** The answer to one row, inside that to a batch. */
export interface AnswerRow {
  readonly answer: Answer;
  readonly row: number;
}

/** How two runs compare: with the same shapes nothing is rounded differently, with others much is. */
export type RunsCompared = 'same size' | 'other size';

/**
 * Everything that is decided by what an answer or an input holds. A port: a replay has neither, only what was found.
 * Problems are sentences, empty where there is none.
 */
export interface AnswerComparator {
  isSame(one: Answer, other: Answer, tolerance: number): boolean;
  /** Whether nothing can be told from them: all say the same. */
  areAlike(answers: readonly Answer[]): boolean;
  /** Whether an answer has another form than one given before. */
  formProblem(before: Answer, answer: Answer): string;
  /** Whether what a request holds is on a list. */
  isListed(list: InputList, request: InferenceRequest): boolean;
  /** In what a batch's rows differ from what they gave elsewhere; one counterpart a row, undefined passes it over. */
  rowsProblem(batch: Answer, counterparts: readonly (AnswerRow | undefined)[], runs: RunsCompared): string;
}

/** Looks at the answers themselves. */
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
