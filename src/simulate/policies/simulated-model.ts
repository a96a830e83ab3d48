import type { AnswerComparator } from '../../fleet/monitor/answer-comparator.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import { DEFAULT_TENANT } from '../../work/entry.ts';

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

/** A request of one row to it. */
export const SIMULATED_REQUEST: RequestFacts = {
  request: { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0 },
  ...{ lane: '', rows: 1, bytes: 1, timeoutMs: undefined, priority: undefined },
  ...{ tenant: DEFAULT_TENANT, isExplained: false, contentKey: undefined, trueLength: undefined },
};
