import type { Datatype } from '../tensor/datatype.ts';
import type { ModelMetadata, TensorMetadata } from './model-metadata.ts';

type Shape = readonly number[];

/** An input or output as the settings describe it; what is left out is that of the model. */
export interface SignatureTensor {
  readonly name: string;
  readonly datatype?: Datatype | undefined;
  /** As in requests and answers; -1 means any size. */
  readonly shape?: Shape | undefined;
  /** As in the model, where it differs. */
  readonly modelShape?: Shape | undefined;
}

/** The inputs and outputs that a model must have. */
export interface Signature {
  /** All inputs. */
  readonly inputs?: readonly SignatureTensor[] | undefined;
  /** The outputs that are served. */
  readonly outputs?: readonly SignatureTensor[] | undefined;
}

/** Why a model does not have the signature; undefined when it has. */
export function signatureProblem(
  metadata: ModelMetadata,
  { inputs, outputs }: Signature,
): string | undefined {
  const problems = [
    ...problemsOf('input', inputs, metadata.inputs),
    ...problemsOf('output', outputs, metadata.outputs),
  ];
  const unlisted =
    inputs && metadata.inputs.filter((input) => inputs.every(({ name }) => name !== input.name));
  for (const { name } of unlisted ?? [])
    problems.push(`the model has an input '${name}', which is not listed`);
  if (problems.length === 0) return undefined;
  return `the model does not have its signature (signature in the settings, input and output in config.pbtxt): ${problems.join('; ')}`;
}

function problemsOf(
  kind: 'input' | 'output',
  wanted: readonly SignatureTensor[] | undefined,
  found: readonly TensorMetadata[],
): string[] {
  return (wanted ?? []).flatMap((tensor) => {
    const { name, datatype } = tensor;
    const model = found.find((each) => each.name === name);
    if (model === undefined) {
      const names = found.map((each) => `'${each.name}'`).join(', ');
      return [`the model has no ${kind} '${name}', found ${names}`];
    }
    const shape = tensor.modelShape ?? tensor.shape;
    const isOther = datatype !== undefined && datatype !== model.datatype;
    if (!isOther && (shape === undefined || fits(kind, shape, model))) return [];
    const text = (type: string, sizes: Shape) => `${type} [${sizes.join(', ')}]`;
    return [
      `${kind} '${name}' is ${text(model.datatype, model.shape)} in the model, wanted ${text(datatype ?? model.datatype, shape ?? model.shape)}`,
    ];
  });
}

/** An open size and a fixed one fit, but requests cannot have rows where the model has a fixed first size. */
function fits(kind: 'input' | 'output', wanted: Shape, { shape, anyRank }: TensorMetadata): boolean {
  if (anyRank === true) return true;
  if (wanted.length !== shape.length) return false;
  return wanted.every((size, axis) => {
    const own = shape[axis];
    const isRows = axis === 0 && kind === 'input';
    return size === own || own === -1 || (size === -1 && !isRows);
  });
}

/** The metadata of a model as its signature presents it; the model must have the signature. */
export function withSignature(metadata: ModelMetadata, { inputs, outputs }: Signature): ModelMetadata {
  return {
    ...metadata,
    inputs: metadata.inputs.map((input) => present(input, inputs)),
    outputs: (outputs ?? metadata.outputs).map(({ name }) =>
      present(metadata.outputs.find((output) => output.name === name) as TensorMetadata, outputs),
    ),
  };
}

function present(model: TensorMetadata, signature: readonly SignatureTensor[] | undefined): TensorMetadata {
  const { shape, modelShape } = signature?.find(({ name }) => name === model.name) ?? {};
  if (shape === undefined) return model;
  const { name, datatype, axisNames } = model;
  const isKnown = modelShape === undefined && model.anyRank !== true;
  const sizes = isKnown ? shape.map((size, axis) => (size === -1 ? (model.shape[axis] ?? -1) : size)) : shape;
  const names = sizes.map((size, axis) =>
    size === -1 && (isKnown || axis === 0) ? (axisNames?.[axis] ?? null) : null,
  );
  return {
    ...{ name, datatype, shape: sizes },
    ...(names.some((each) => each !== null) ? { axisNames: names } : {}),
  };
}

/** A shape of one form in the other: its open sizes, in order, take the places of those of `to`. */
export function reshaped(shape: Shape, from: Shape, to: Shape): Shape {
  if (shape.length !== from.length) return shape;
  const open = shape.filter((_, axis) => from[axis] === -1);
  let next = 0;
  return to.map((size) => (size === -1 ? (open[next++] ?? 1) : size));
}
