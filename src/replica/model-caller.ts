import type { Refusal } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { ModelCall } from '../model/model-call.ts';
import type { Origin } from '../work/origin.ts';

/** Through it a version asks other models. */
export interface ModelCaller {
  /**
   * Asks a model. `onSettled` is called once, never before this returns. The returned function cancels the call: then
   * `onSettled` is not called any more.
   */
  call(call: ModelCall, origin: Origin, onSettled: (outcome: Answer | Refusal) => void): () => void;
}
