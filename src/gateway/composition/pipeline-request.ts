import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { PipelinePlan } from '../../routing/pipeline-plan.ts';
import { PipelineRun, type StepStart } from '../../routing/pipeline-run.ts';
import type { Member } from '../../work/batch.ts';
import { originOf } from '../../work/origin.ts';
import { whyFailed } from '../../work/why-failed.ts';

/** What the runs of a pipeline share. */
export interface PipelineParts {
  readonly plan: PipelinePlan;
  readonly caller: ModelCaller;
  /** Runs something after the turn: what happens in a version must not reach another one before it is over. */
  readonly later: (run: () => void) => void;
}

/** One request of a pipeline: calls its steps, and is settled once, unless it is cancelled before. */
export class PipelineRequest {
  readonly #parts: PipelineParts;
  readonly #member: Member;
  readonly #run: PipelineRun;
  readonly #cancels = new Set<() => void>();
  #onSettled: ((outcome: Answer | Refusal) => void) | undefined;

  constructor(parts: PipelineParts, member: Member, onSettled: (outcome: Answer | Refusal) => void) {
    this.#parts = parts;
    this.#member = member;
    this.#run = new PipelineRun(parts.plan, member.request.inputs);
    this.#onSettled = onSettled;
  }

  /** Begins, after the turn. */
  start(): void {
    this.#parts.later(() => this.#proceed());
  }

  /** The caller has left, or the replica has ended. */
  cancel(): void {
    this.#settle(refuse('CANCELLED', 'no request waits for it any more'));
  }

  /** Ends its steps without an outcome. */
  drop(): void {
    this.#onSettled = undefined;
    this.#release();
  }

  /** Begins the steps whose inputs exist. */
  #proceed(): void {
    if (this.#onSettled === undefined) return;
    for (const start of this.#run.begin()) this.#call(start);
  }

  #call(start: StepStart): void {
    const origin = originOf([this.#member]);
    if (origin === undefined) {
      this.cancel();
      return;
    }
    const { parameters } = this.#member.request;
    const call = { model: start.step.model, inputs: start.inputs, parameters, timeoutMs: undefined };
    const cancel = this.#parts.caller.call(call, origin, (outcome) => {
      this.#cancels.delete(cancel);
      this.#parts.later(() => this.#answered(start, outcome));
    });
    this.#cancels.add(cancel);
  }

  #answered({ step, isFirst }: StepStart, outcome: Answer | Refusal): void {
    if (this.#onSettled === undefined) return;
    if (isRefusal(outcome)) {
      // What the client has sent as it is, the client can mend.
      const isClients = isFirst && outcome.reason === 'INVALID_INPUT';
      const refusal = isClients ? outcome : whyFailed(outcome);
      this.#settle({ ...refusal, message: `${step.name}: ${outcome.message}` });
      return;
    }
    const problem = this.#run.answered(step, outcome.outputs);
    const { outputs } = this.#run;
    if (problem !== undefined) this.#settle(refuse('MODEL_ERROR', `${step.name}: ${problem}`));
    else if (outputs === undefined) this.#proceed();
    else this.#settle({ outputs });
  }

  #settle(outcome: Answer | Refusal): void {
    const onSettled = this.#onSettled;
    if (onSettled === undefined) return;
    this.drop();
    onSettled(outcome);
  }

  #release(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
