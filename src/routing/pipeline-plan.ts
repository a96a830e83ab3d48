import { nearestName } from '../base/nearest.ts';
import type { PipelineSettings } from '../config/pipeline-settings.ts';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { formOf } from './route-metadata.ts';

/** What a plan needs to know of the model of a step. */
export type StepMetadata = Pick<ModelMetadata, 'inputs' | 'outputs' | 'readsParameters'>;

/** A tensor of the pipeline under the name that the model of a step gives it. */
export interface Wire {
  /** Name of the input or output of the model. */
  readonly own: string;
  /** Name in the pipeline. */
  readonly tensor: string;
}

/** One call of a model in a pipeline. */
export interface PlannedStep {
  /** For messages, such as `step 2 ('digits')`. */
  readonly name: string;
  readonly model: string;
  readonly takes: readonly Wire[];
  /** Only those that other steps or the answer need. */
  readonly makes: readonly (Wire & { readonly datatype: Datatype })[];
}

/** A pipeline whose steps are known to fit together. */
export interface PipelinePlan {
  readonly steps: readonly PlannedStep[];
  /** The tensors that no step makes: the request brings them. */
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly readsParameters: boolean;
}

interface Use {
  readonly step: string;
  readonly own: string;
  readonly metadata: TensorMetadata;
}

/** Fits the steps of a pipeline together; a returned text says why they do not fit. `models` are those of the steps, in order. */
export function planPipeline(
  settings: PipelineSettings,
  models: readonly StepMetadata[],
): PipelinePlan | string {
  const steps = settings.steps.map((step, index) => ({
    ...{ name: `step ${index + 1} ('${step.model}')`, model: step.model, settings: step },
    metadata: models[index] as StepMetadata,
  }));
  for (const { name, settings: own, metadata } of steps) {
    const problem =
      unknownName(own.inputs, metadata.inputs, `${name}: the model has no input`) ??
      unknownName(own.outputs, metadata.outputs, `${name}: the model has no output`);
    if (problem !== undefined) return problem;
  }
  const listed = new Set(steps.flatMap((step) => Object.values(step.settings.outputs)));
  const uses = new Map<string, Use[]>();
  const makers = new Map<string, Use[]>();
  const note = (to: Map<string, Use[]>, tensor: string, use: Use) =>
    to.set(tensor, [...(to.get(tensor) ?? []), use]);
  for (const { name: step, settings: own, metadata } of steps) {
    for (const each of metadata.inputs)
      note(uses, own.inputs[each.name] ?? each.name, { step, own: each.name, metadata: each });
    for (const each of metadata.outputs) {
      const isListed = own.outputs[each.name] !== undefined;
      // A tensor that a step lists is not made by the outputs of that name that others do not list.
      if (isListed || !listed.has(each.name))
        note(makers, own.outputs[each.name] ?? each.name, { step, own: each.name, metadata: each });
    }
  }
  const last = steps.at(-1);
  const answered =
    settings.outputs ?? last?.metadata.outputs.map(({ name }) => last.settings.outputs[name] ?? name) ?? [];
  const needed = new Set([...answered, ...uses.keys()]);
  const problem =
    missingOutput(answered, makers) ??
    madeTwice(needed, makers) ??
    misfit(uses, makers) ??
    useless(needed, makers, steps);
  if (problem !== undefined) return problem;
  const planned = steps.map(({ name, model, settings: { inputs, outputs }, metadata }): PlannedStep => {
    const wires = (list: readonly TensorMetadata[], names: Readonly<Record<string, string>>) =>
      list.map(({ name: own, datatype }) => ({ own, tensor: names[own] ?? own, datatype }));
    const makes = wires(metadata.outputs, outputs).filter(
      ({ own, tensor }) => needed.has(tensor) && (outputs[own] !== undefined || !listed.has(tensor)),
    );
    return { name, model, takes: wires(metadata.inputs, inputs), makes };
  });
  const given = [...uses].filter(([tensor]) => !makers.has(tensor));
  return (
    circleIn(planned) ?? {
      steps: planned,
      inputs: given.map(([tensor, of]) => ({ ...narrowest(of), name: tensor })),
      outputs: answered.flatMap((tensor) =>
        (makers.get(tensor) ?? []).map(({ metadata }) => ({ ...metadata, name: tensor })),
      ),
      readsParameters: models.some(({ readsParameters }) => readsParameters),
    }
  );
}

function unknownName(
  named: Readonly<Record<string, string>>,
  there: readonly TensorMetadata[],
  what: string,
): string | undefined {
  const known = there.map(({ name }) => name);
  const wrong = Object.keys(named).find((name) => !known.includes(name));
  if (wrong === undefined) return undefined;
  const meant = nearestName(wrong, known);
  return `${what} '${wrong}'${meant === undefined ? '' : `, did you mean '${meant}'?`}; it has ${known.join(', ') || 'none'}`;
}

type Uses = ReadonlyMap<string, readonly Use[]>;

function missingOutput(answered: readonly string[], makers: Uses): string | undefined {
  const missing = answered.find((tensor) => !makers.has(tensor));
  if (missing === undefined) return undefined;
  return `no step makes the output '${missing}'; the steps make ${[...makers.keys()].join(', ')}`;
}

function madeTwice(needed: ReadonlySet<string>, makers: Uses): string | undefined {
  for (const tensor of needed) {
    const [one, other] = makers.get(tensor) ?? [];
    if (one === undefined || other === undefined) continue;
    return `${one.step} and ${other.step} both make '${tensor}': give the output '${other.own}' another name (outputs)`;
  }
  return undefined;
}

/** A tensor that does not fit an input that takes it. */
function misfit(uses: Uses, makers: Uses): string | undefined {
  for (const [tensor, takers] of uses) {
    const maker = makers.get(tensor)?.[0] ?? takers[0];
    if (maker === undefined) continue;
    for (const taker of takers) {
      if (fits(maker.metadata, taker.metadata)) continue;
      const made = makers.has(tensor)
        ? `${maker.step} makes '${tensor}' as`
        : `${maker.step} takes '${tensor}' as`;
      return `${made} ${formOf(maker.metadata)}, but ${taker.step} takes it as ${formOf(taker.metadata)}`;
    }
  }
  return undefined;
}

function fits(one: TensorMetadata, other: TensorMetadata): boolean {
  if (one.datatype !== other.datatype) return false;
  if (one.anyRank === true || other.anyRank === true) return true;
  if (one.shape.length !== other.shape.length) return false;
  return one.shape.every((size, axis) => {
    const wanted = other.shape[axis];
    return size === -1 || wanted === -1 || size === wanted;
  });
}

function useless(
  needed: ReadonlySet<string>,
  makers: Uses,
  steps: readonly { readonly name: string }[],
): string | undefined {
  const useful = new Set(
    [...makers].filter(([tensor]) => needed.has(tensor)).flatMap(([, of]) => of.map(({ step }) => step)),
  );
  const idle = steps.find(({ name }) => !useful.has(name));
  return (
    idle &&
    `${idle.name} makes nothing that another step takes or that is answered: remove it, or name one of its outputs in outputs`
  );
}

/** An input of several steps has the sizes that all of them accept. */
function narrowest(of: readonly Use[]): TensorMetadata {
  const [first] = of as readonly [Use];
  const exact = of.find(({ metadata }) => metadata.anyRank !== true)?.metadata ?? first.metadata;
  const shape = exact.shape.map((size, axis) =>
    size === -1
      ? (of.find(({ metadata }) => (metadata.shape[axis] ?? -1) !== -1)?.metadata.shape[axis] ?? -1)
      : size,
  );
  return { ...exact, shape };
}

/** Steps that wait for each other, if there are any. */
function circleIn(steps: readonly PlannedStep[]): string | undefined {
  const waiting = new Set(steps);
  const isMade = (tensor: string) =>
    ![...waiting].some(({ makes }) => makes.some((wire) => wire.tensor === tensor));
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const step of waiting) if (step.takes.every(({ tensor }) => isMade(tensor))) waiting.delete(step);
  }
  const [first, ...others] = waiting;
  if (first === undefined) return undefined;
  const open = first.takes.filter(({ tensor }) => !isMade(tensor)).map(({ tensor }) => `'${tensor}'`);
  const whom = others.length === 0 ? 'itself' : others.map(({ name }) => name).join(', ');
  return `${first.name} waits for ${open.join(', ')}, and so for ${whom}, in a circle: give tensors that differ different names (inputs, outputs)`;
}
