import { ServingError } from '../../base/errors.ts';
import type { PaddingSettings } from '../../config/padding-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import { cutAxis, padAxis } from '../../tensor/pad.ts';
import { allocateArray, bytesOf, type Tensor } from '../../tensor/tensor.ts';

/** Inputs as the model gets them, and their length before padding. */
export interface Padded {
  readonly inputs: readonly Tensor[];
  readonly length: number;
}

/** Each length is padded to the next of a series in which neighbours differ by at most a quarter. */
const FIRST_LENGTH = 8;
const RATIO = 1.25;
const WHOLE_NUMBERS: ReadonlySet<string> = new Set(['INT32', 'INT64'] as const);

/** The padded length for requests of this length. */
export function paddedLength(length: number): number {
  let padded = FIRST_LENGTH;
  while (padded < length) padded = Math.ceil(padded * RATIO);
  return padded;
}

/** Pads requests of different length so that they can share a batch, as the model's settings define. */
export class Padding {
  readonly #settings: PaddingSettings;
  readonly #metadata: ModelMetadata;
  /** Whether batches of the longer requests gain more than the padding costs. */
  readonly #isWorthwhile: (inputs: readonly Tensor[], length: number, padded: number) => boolean;

  constructor(
    settings: PaddingSettings,
    metadata: ModelMetadata,
    isWorthwhile: (inputs: readonly Tensor[], length: number, padded: number) => boolean,
  ) {
    this.#settings = settings;
    this.#metadata = metadata;
    this.#isWorthwhile = isWorthwhile;
  }

  /** Pads a request's inputs and adds the server's own inputs. Throws a ServingError for inputs that do not fit. */
  pad(inputs: readonly Tensor[]): Padded {
    const { axis, inputs: names, value, lengthInput, maskInput } = this.#settings;
    const sent = inputs.find(({ name }) => name === lengthInput || name === maskInput);
    if (sent !== undefined) {
      throw new ServingError(
        'INVALID_INPUT',
        `input '${sent.name}' is filled in by the server (padding): do not send it`,
      );
    }
    const length = this.#lengthOf(inputs);
    const long = paddedLength(length);
    const resized = inputs.map((input) =>
      names.includes(input.name) ? padAxis(input, axis, long, value) : input,
    );
    const rows = inputs[0]?.shape[0] ?? 1;
    const all = [...resized, ...this.#filledIn(rows, length, long)];
    if (this.#isWorthwhile(all, length, long)) return { inputs: all, length };
    return { inputs: [...inputs, ...this.#filledIn(rows, length, length)], length };
  }

  /** Cuts an answer to what a request of this length gets. */
  cut(answer: Answer, length: number): Answer {
    const { axis, outputs } = this.#settings;
    if (outputs.length === 0) return answer;
    return {
      outputs: answer.outputs.map((output) =>
        outputs.includes(output.name) ? cutAxis(output, axis, length) : output,
      ),
    };
  }

  #lengthOf(inputs: readonly Tensor[]): number {
    const { axis, inputs: names } = this.#settings;
    const lengths = inputs.filter(({ name }) => names.includes(name)).map(({ shape }) => shape[axis]);
    const [length] = lengths;
    if (length === undefined || lengths.some((other) => other !== length)) {
      throw new ServingError(
        'INVALID_INPUT',
        `inputs ${names.join(', ')} must have the same length along axis ${axis}, got ${lengths.map((each) => each ?? 'none').join(', ') || 'none'}`,
      );
    }
    return length;
  }

  /** The length of each row, and a mask of its real elements. */
  #filledIn(rows: number, length: number, padded: number): Tensor[] {
    const { lengthInput, maskInput } = this.#settings;
    const tensors: Tensor[] = [];
    for (const { name, datatype, shape } of this.#metadata.inputs) {
      if (name === lengthInput) {
        const array = allocateArray(datatype, rows);
        if (array instanceof BigInt64Array) array.fill(BigInt(length));
        else (array as Int32Array).fill(length);
        tensors.push({
          name,
          datatype,
          shape: shape.length === 1 ? [rows] : [rows, 1],
          data: bytesOf(array),
        });
      } else if (name === maskInput) {
        const array = allocateArray(datatype, rows * padded);
        for (let row = 0; row < rows; row++) {
          const [from, to] = [row * padded, row * padded + length];
          if (array instanceof BigInt64Array) array.fill(1n, from, to);
          else (array as Float32Array).fill(1, from, to);
        }
        tensors.push({ name, datatype, shape: [rows, padded], data: bytesOf(array) });
      }
    }
    return tensors;
  }
}

/** Why the padding settings do not fit the model; undefined when they do. */
export function paddingProblem(
  settings: PaddingSettings,
  { inputs, outputs }: ModelMetadata,
): string | undefined {
  const { axis, lengthInput, maskInput } = settings;
  const find = (list: readonly TensorMetadata[], name: string) => list.find((each) => each.name === name);
  for (const [list, names, what] of [
    [inputs, settings.inputs, 'input'],
    [outputs, settings.outputs, 'output'],
  ] as const) {
    for (const name of names) {
      const tensor = find(list, name);
      if (tensor === undefined) return `padding names an ${what} '${name}', which the model does not have`;
      if (tensor.shape[axis] !== -1)
        return `padding requires an open axis ${axis} of ${what} '${name}', but its shape is [${tensor.shape.join(',')}]`;
      if (tensor.datatype === 'BYTES')
        return `padding cannot extend ${what} '${name}': its datatype is BYTES`;
    }
  }
  for (const name of [lengthInput, maskInput]) {
    if (name === undefined) continue;
    const tensor = find(inputs, name);
    if (tensor === undefined) return `padding names an input '${name}', which the model does not have`;
    const isNumber = WHOLE_NUMBERS.has(tensor.datatype) || (name === maskInput && tensor.datatype === 'FP32');
    if (!isNumber)
      return `padding cannot fill in input '${name}' as ${tensor.datatype}, wanted INT32 or INT64`;
  }
  return undefined;
}
