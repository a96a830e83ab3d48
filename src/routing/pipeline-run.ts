import type { Tensor } from '../tensor/tensor.ts';
import type { PipelinePlan, PlannedStep } from './pipeline-plan.ts';

/** A step with the inputs for its model. */
export interface StepStart {
  readonly step: PlannedStep;
  readonly inputs: readonly Tensor[];
  /** All of them came with the request, none from another step. */
  readonly isFirst: boolean;
}

/** One request on its way through the steps of a pipeline. */
export class PipelineRun {
  readonly #plan: PipelinePlan;
  readonly #tensors = new Map<string, Tensor>();
  readonly #waiting: Set<PlannedStep>;
  readonly #given: ReadonlySet<string>;

  /** `inputs` have the names of the pipeline. */
  constructor(plan: PipelinePlan, inputs: readonly Tensor[]) {
    this.#plan = plan;
    this.#waiting = new Set(plan.steps);
    for (const input of inputs) this.#tensors.set(input.name, input);
    this.#given = new Set(this.#tensors.keys());
  }

  /** The steps that have not begun and whose inputs exist; they begin now. */
  begin(): readonly StepStart[] {
    const starts: StepStart[] = [];
    for (const step of this.#waiting) {
      const inputs = step.takes.map(({ own, tensor }) => named(own, this.#tensors.get(tensor)));
      if (!areAll(inputs)) continue;
      this.#waiting.delete(step);
      starts.push({ step, inputs, isFirst: step.takes.every(({ tensor }) => this.#given.has(tensor)) });
    }
    return starts;
  }

  /** A step was answered. Returns what is wrong with the answer; undefined when nothing is. */
  answered({ makes, model }: PlannedStep, outputs: readonly Tensor[]): string | undefined {
    for (const { own, tensor, datatype } of makes) {
      const made = named(
        tensor,
        outputs.find(({ name }) => name === own),
      );
      if (made?.datatype !== datatype) {
        const now =
          made === undefined ? `has no output '${own}' any more` : `makes '${own}' as ${made.datatype}`;
        return `'${model}' ${now}, wanted ${datatype} as when the pipeline was loaded: reload the server (SIGHUP)`;
      }
      this.#tensors.set(tensor, made);
    }
    return undefined;
  }

  /** The answer; undefined while a part of it is missing. */
  get outputs(): readonly Tensor[] | undefined {
    const outputs = this.#plan.outputs.map(({ name }) => this.#tensors.get(name));
    return areAll(outputs) ? outputs : undefined;
  }
}

function named(name: string, tensor: Tensor | undefined): Tensor | undefined {
  return tensor?.name === name ? tensor : tensor && { ...tensor, name };
}

function areAll(tensors: readonly (Tensor | undefined)[]): tensors is readonly Tensor[] {
  return !tensors.includes(undefined);
}
