import { ServingError } from '../base/errors.ts';
import { checkBinaryData } from '../tensor/binary-codec.ts';
import { decodeBytesElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { encodeInput, type InputData } from '../tensor/encode-input.ts';
import { flattenNested, nestedShape } from '../tensor/nested.ts';
import { copySegments } from '../tensor/segments.ts';
import { type ArrayOf, type Tensor, type TensorArray, typedArrayOf } from '../tensor/tensor.ts';
import type { TensorMetadata } from './model-metadata.ts';

/** Lists of values, to any depth. */
export type Nested<T> = readonly (T | Nested<T>)[];

/** What the lists of each datatype contain. */
type ElementOf<D extends Datatype> = D extends 'BYTES'
  ? string | Uint8Array
  : D extends 'BOOL'
    ? boolean | number
    : number | bigint;

/** An input tensor in a program. */
export interface NamedInput<D extends Datatype = Datatype> {
  /** May be left out: lists have the shape of their nesting, a typed array has one axis. */
  readonly shape?: readonly number[];
  /** May be left out where the model is loaded. */
  readonly datatype?: D;
  /**
   * A typed array of the datatype (16-bit patterns for FP16 and BF16), which is sent without a copy; or lists of numbers,
   * of booleans, of texts or bytes, which are converted.
   */
  readonly data: ArrayOf[D] | Nested<ElementOf<D>>;
}

/** An output tensor in a program. */
export interface NamedOutput<D extends Datatype = Datatype> {
  readonly shape: readonly number[];
  readonly datatype: D;
  /** 16-bit patterns for FP16 and BF16, 0 and 1 for BOOL; one Uint8Array per element for BYTES. */
  readonly data: D extends 'BYTES' ? readonly Uint8Array[] : ArrayOf[D];
}

/** Inputs by name. */
export type NamedInputs = Readonly<Record<string, NamedInput>>;
/** Outputs by name. */
export type NamedOutputs = Readonly<Record<string, NamedOutput>>;

/**
 * The tensors of inputs. `known` describes inputs of the model, or of all models that may be meant; it is empty where
 * none is loaded. Throws a ServingError that says what came and what was wanted.
 */
export function tensorsOf(model: string, inputs: NamedInputs, known: readonly TensorMetadata[]): Tensor[] {
  if (typeof inputs !== 'object' || inputs === null) {
    throw invalid(`inputs is ${kindOf(inputs)}, wanted an object with the inputs by name`);
  }
  return Object.entries(inputs).map(([name, input]) => tensorOf(model, name, input, known));
}

/**
 * The outputs by name. Their arrays are views of the answer's memory where that is possible, or, with `isShared`, copies:
 * other callers have the same answer.
 */
export function namedOutputs(outputs: readonly Tensor[], isShared: boolean): NamedOutputs {
  return Object.fromEntries(
    outputs.map(({ name, datatype, shape, data }) => {
      const own = isShared ? copySegments(data) : data;
      const array = datatype === 'BYTES' ? decodeBytesElements(own) : typedArrayOf(datatype, own);
      return [name, { shape: [...shape], datatype, data: array } as NamedOutput];
    }),
  );
}

function tensorOf(model: string, name: string, input: NamedInput, known: readonly TensorMetadata[]): Tensor {
  if (typeof input !== 'object' || input === null || !('data' in input)) {
    throw invalid(`input '${name}' is ${kindOf(input)}, wanted { shape, data }`);
  }
  const datatype = input.datatype ?? datatypeIn(model, name, known);
  try {
    const { shape, data } = shaped(name, input);
    const tensor = { name, datatype, shape, data: encodeInput(name, datatype, data) };
    checkBinaryData(name, datatype, shape, tensor.data);
    return tensor;
  } catch (caught) {
    throw caught instanceof RangeError ? invalid(caught.message) : caught;
  }
}

function datatypeIn(model: string, name: string, known: readonly TensorMetadata[]): Datatype {
  const found = known.find((each) => each.name === name);
  if (found !== undefined) return found.datatype;
  if (known.length === 0) {
    throw invalid(`input '${name}' has no datatype, and '${model}' is not loaded yet: give the datatype`);
  }
  const names = known.map((each) => `'${each.name}'`).join(', ');
  throw invalid(`unexpected inference input '${name}' for model '${model}'; its inputs: ${names}`);
}

/** Flat data and its shape. */
function shaped(name: string, { shape, data }: NamedInput): { shape: readonly number[]; data: InputData } {
  if (!Array.isArray(data))
    return { shape: shape ?? [(data as TensorArray).length], data: data as TensorArray };
  if (!Array.isArray(data[0])) return { shape: shape ?? [data.length], data };
  const nested = nestedShape(data);
  const flat = flattenNested(data, nested, (place, problem) =>
    invalid(`input '${name}': data${place} ${problem}`),
  );
  return { shape: shape ?? nested, data: flat as InputData };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  return typeof value === 'object' && value !== null ? 'an object without data' : String(value).slice(0, 40);
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_INPUT', message);
}
