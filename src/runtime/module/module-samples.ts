import { fitsShape } from '../../model/check-inputs.ts';
import type { ModelDefinition, ModelOutput } from '../../model/define-model.ts';
import type { SampleTensor, TensorMetadata } from '../../model/model-metadata.ts';
import { gatherRows } from '../../tensor/rows.ts';
import { flatten } from '../../tensor/segments.ts';
import { dataBytes, elementCount, type Tensor } from '../../tensor/tensor.ts';
import { encodeData } from '../contract/encode-output.ts';

/** They travel to the gateway, which keeps them. */
const MOST_SAMPLE_BYTES = 1024 * 1024;

/**
 * The samples of a module model as one request, which has the rows of all of them; undefined when there are none. Throws
 * when they do not fit the declared inputs.
 */
export function samplesOf({ inputs, samples = [] }: ModelDefinition): readonly SampleTensor[] | undefined {
  if (samples.length === 0) return undefined;
  const canJoin = inputs.every(({ shape }) => shape[0] === -1);
  if (samples.length > 1 && !canJoin) {
    throw new Error(`'samples' has ${samples.length} items, but a model without a batch axis takes one`);
  }
  for (const [index, sample] of samples.entries()) {
    const unknown = Object.keys(sample).find((name) => !inputs.some((input) => input.name === name));
    if (unknown !== undefined) throw new Error(`samples[${index}] names '${unknown}', which is no input`);
  }
  const joined = inputs.flatMap((input) => {
    const given = samples.flatMap((sample, index) => {
      const tensor = sample[input.name];
      return tensor === undefined ? [] : [sampleTensor(input, tensor, `samples[${index}].${input.name}`)];
    });
    if (given.length === 0) return [];
    if (given.length < samples.length) {
      throw new Error(`some items of 'samples' leave out '${input.name}': give it in all of them or in none`);
    }
    return [joinedRows(given)];
  });
  const bytes = dataBytes(joined);
  if (bytes > MOST_SAMPLE_BYTES) {
    throw new Error(
      `'samples' has ${bytes} bytes, the limit is ${MOST_SAMPLE_BYTES}: name a file in warmup.sample instead`,
    );
  }
  return joined.map(({ data, ...form }) => ({
    ...form,
    base64: Buffer.from(flatten(data)).toString('base64'),
  }));
}

function sampleTensor(
  { name, datatype, shape: declared }: TensorMetadata,
  { shape, data }: ModelOutput,
  what: string,
): Tensor {
  if (!Array.isArray(shape) || !fitsShape(shape, declared)) {
    throw new Error(`${what} has shape [${shape}]; the declared shape is [${declared}]`);
  }
  const count = elementCount(shape);
  if (data?.length !== count) {
    throw new Error(`${what} has ${data?.length} elements; its shape [${shape}] requires ${count}`);
  }
  return { name, datatype, shape, data: encodeData(what, datatype, data) };
}

function joinedRows(tensors: readonly Tensor[]): Tensor {
  const rowShape = ({ shape }: Tensor) => `[${shape.slice(1)}]`;
  const [first] = tensors as readonly [Tensor];
  const other = tensors.find((tensor) => rowShape(tensor) !== rowShape(first));
  if (other === undefined) return gatherRows(tensors);
  throw new Error(
    `'samples' has rows of '${first.name}' of the shapes ${rowShape(first)} and ${rowShape(other)}; they must have one`,
  );
}
