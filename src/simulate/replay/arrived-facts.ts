import { ARRIVED, priorityIn } from '../../observe/recorder/recording.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { DEFAULT_TENANT } from '../../work/entry.ts';
import type { Priority } from '../../work/priority.ts';

/** A request as it was recorded. Its data is not recorded; `inputs` replaces it. */
export function arrivedFacts(
  flag: number,
  recordedTimeoutMs: number,
  { lane, rows, bytes }: Pick<RequestFacts, 'lane' | 'rows' | 'bytes'>,
  inputs: readonly Tensor[],
): RequestFacts {
  const timeoutMs = (flag & ARRIVED.TIMEOUT) === 0 ? undefined : recordedTimeoutMs;
  const priority = priorityIn(flag);
  return {
    request: { id: '', inputs, parameters: {}, timeoutMs, priority: 0 },
    ...{ lane, rows, bytes, timeoutMs },
    priority: priority === 0 ? undefined : ((priority - 1) as Priority),
    isExplained: (flag & ARRIVED.EXPLAINED) !== 0,
    tenant: DEFAULT_TENANT,
    contentKey: undefined,
    trueLength: undefined,
  };
}
