import type { ModelMetadata, SampleTensor } from '../model/model-metadata.ts';
import { encodeBytesElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { flatten, type Segments, segmentsOf } from '../tensor/segments.ts';
import { allocateArray, bytesOf, elementCount } from '../tensor/tensor.ts';

/** A user's input for warmup, of one or more rows; an input without data is filled in. */
export interface SampleInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Segments | undefined;
}

/** Zeros, or empty texts, in the form of an input. */
export function blankContents({ datatype, shape }: Pick<SampleInput, 'datatype' | 'shape'>): Segments {
  const count = elementCount(shape);
  return datatype === 'BYTES'
    ? encodeBytesElements(Array.from({ length: count }, () => new Uint8Array(0)))
    : bytesOf(allocateArray(datatype, count));
}

/** The sample that a model brings. */
export function sampleInputs({ sample = [] }: ModelMetadata): SampleInput[] {
  return sample.map(({ base64, ...form }) => ({ ...form, data: segmentsOf(Buffer.from(base64, 'base64')) }));
}

/** For a recording: the contents of a sample influence no decision. */
export function withoutContents({ sample, ...metadata }: ModelMetadata): ModelMetadata {
  return sample === undefined
    ? metadata
    : { ...metadata, sample: sample.map((tensor) => ({ ...tensor, base64: '' })) };
}

/** For a replay, which has the results about answers from the recording. */
export function withBlankContents({ sample, ...metadata }: ModelMetadata): ModelMetadata {
  if (sample === undefined) return metadata;
  const blank = (tensor: SampleTensor) => Buffer.from(flatten(blankContents(tensor))).toString('base64');
  return { ...metadata, sample: sample.map((tensor) => ({ ...tensor, base64: blank(tensor) })) };
}
