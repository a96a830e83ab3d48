import type { AnswerComparator } from '../../fleet/monitor/answer-comparator.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
/** The model of simulated traffic. */
export const SIMULATED_METADATA = {
  platform: 'simulated',
  inputs: [TENSOR],
  outputs: [TENSOR],
  readsParameters: false,
};

/** Compares answers without contents: all are equal. */
export const SAME_ANSWERS: AnswerComparator = {
  isSame: () => true,
  areAlike: () => false,
  isListed: () => false,
  formProblem: () => '',
  rowsProblem: () => '',
};
