import type { Answer } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { sameAnswer } from '../warmup/batch-independence.ts';
import { formProblem } from '../warmup/golden-answer.ts';

/**
 * Everything that is decided by what an answer holds. A port: a replay has no answers, only what was found in them.
 */
export interface AnswerJudge {
  isSame(one: Answer, other: Answer, tolerance: number): boolean;
  /** What is wrong with its form; empty when nothing is. */
  formProblem(metadata: ModelMetadata, answer: Answer): string;
}

/** Looks at the answers themselves. */
export const JUDGE: AnswerJudge = {
  isSame: (one, other, tolerance) => sameAnswer(one.outputs, other.outputs, tolerance),
  formProblem: (metadata, { outputs }) => formProblem(metadata, outputs) ?? '',
};
