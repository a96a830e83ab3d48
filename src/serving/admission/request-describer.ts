import { type Refusal, ServingError } from '../../base/errors.ts';
import { checkInputs, countRows } from '../../model/check-inputs.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { dataBytes } from '../../tensor/tensor.ts';
import { type LaneKey, laneKeys } from '../../work/lane.ts';
import { priorityOfProtocol } from '../../work/priority.ts';
import { lateBefore } from './late-refusals.ts';
import type { Caller, RequestFacts, RequestForm } from './request-facts.ts';

/** Checks requests against what a loaded version accepts, and derives the facts for admission. */
export class RequestDescriber {
  readonly #form: RequestForm;
  readonly #laneOf: (request: InferenceRequest) => LaneKey;

  constructor(form: RequestForm) {
    this.#form = form;
    this.#laneOf = laneKeys(form.metadata, form.hasBatchAxis);
  }

  describe(request: InferenceRequest, caller: Caller): RequestFacts | Refusal {
    const { model, metadata, hasBatchAxis, padding } = this.#form;
    const wantedMs = shorter(request.timeoutMs, caller.timeoutMs);
    const { waitedMs } = caller;
    const timeoutMs = waitedMs === 0 ? wantedMs : (wantedMs ?? this.#form.timeoutMs) - waitedMs;
    if (timeoutMs !== undefined && timeoutMs <= 0) return lateBefore(waitedMs);
    try {
      const padded = padding?.pad(request.inputs);
      const inputs = checkInputs(model, metadata, padded?.inputs ?? request.inputs);
      const ordered = inputs === request.inputs ? request : { ...request, inputs };
      return {
        request: ordered,
        lane: this.#laneOf(ordered),
        rows: countRows(model, hasBatchAxis, inputs),
        bytes: dataBytes(inputs),
        timeoutMs,
        priority: priorityOfProtocol(request.priority),
        tenant: caller.tenant,
        isExplained: caller.isExplained,
        contentKey: undefined,
        trueLength: padded?.length,
      };
    } catch (caught) {
      return ServingError.from(caught).refusal;
    }
  }
}

function shorter(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
