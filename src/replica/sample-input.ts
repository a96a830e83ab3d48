import type { Random } from '../base/random.ts';
import type { InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import { encodeBytesElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import type { Segments } from '../tensor/segments.ts';
import { allocateArray, bytesOf, elementCount, type Tensor } from '../tensor/tensor.ts';

/** An input of the user's own to practise with; one without data is filled in. */
export interface SampleInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Segments | undefined;
}

/** Inputs to practise with, and whether sizes had to be guessed to make them. */
export interface Sample {
  readonly request: InferenceRequest;
  readonly isGuessed: boolean;
}

/** One row of input that a model should accept: the user's own where given, else made from the metadata. */
export function sampleRequest(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
  own: readonly SampleInput[],
  random: Random,
): Sample {
  let isGuessed = false;
  const inputs = metadata.inputs.map((input): Tensor => {
    const given = own.find((sample) => sample.name === input.name);
    if (given === undefined) isGuessed ||= input.shape.slice(hasBatchAxis ? 1 : 0).includes(-1);
    const shape = given?.shape ?? input.shape.map((size) => (size === -1 ? 1 : size));
    return {
      name: input.name,
      datatype: input.datatype,
      shape,
      data: given?.data ?? fill(input, shape, random),
    };
  });
  return { request: { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 }, isGuessed };
}

/** Drawing every number of a picture would hold up the loop: a short pattern is drawn and repeated. */
const PATTERN_LENGTH = 4096;

/** Numbers of the usual scale: 0..1 for floats; zeros for integers, which are often indices. */
function fill(input: TensorMetadata, shape: readonly number[], random: Random): Segments {
  const count = elementCount(shape);
  if (input.datatype === 'BYTES') {
    return encodeBytesElements(Array.from({ length: count }, () => new Uint8Array(0)));
  }
  const array = allocateArray(input.datatype, count);
  if (input.datatype === 'FP32' || input.datatype === 'FP64') {
    const drawn = Math.min(count, PATTERN_LENGTH);
    for (let index = 0; index < drawn; index++) array[index] = random.unit();
    for (let index = drawn; index < count; index *= 2) array.copyWithin(index, 0, index);
  }
  return bytesOf(array);
}
