import { type Refusal, refuse } from '../../base/errors.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import type { EmbeddingsRequest } from './read-request.ts';

/**
 * Names the texts of a request as the model does. Refuses a model that makes no embeddings: it must have one input of
 * texts, and one output of floats with a row for each text.
 */
export function bindEmbeddings<T extends EmbeddingsRequest>(
  read: T,
  { inputs, outputs }: ModelMetadata,
): T | Refusal {
  const { model, dimensions } = read.embeddings;
  const [input] = inputs;
  const found = outputs.filter(isEmbedding);
  const [output] = found;
  if (input === undefined || inputs.length > 1 || !takesTexts(input) || found.length !== 1) {
    const message =
      `model '${model}' makes no embeddings: it has the inputs ${listed(inputs)} and the outputs ${listed(outputs)}, ` +
      'wanted one input BYTES [-1] and one output FP32 [-1,n]';
    return { ...refuse('INVALID_INPUT', message), param: 'model' };
  }
  const size = output?.shape[1] ?? -1;
  if (dimensions !== undefined && size !== -1 && dimensions > size)
    return tooManyDimensions(dimensions, size);
  const texts = read.request.inputs.map(({ shape, ...tensor }) => ({
    ...{ ...tensor, name: input.name },
    shape: input.shape.length === 2 ? [...shape, 1] : shape,
  }));
  return { ...read, request: { ...read.request, inputs: texts } };
}

/** Whether an output, or its metadata, holds one vector per text. */
export function isEmbedding({ datatype, shape }: Pick<TensorMetadata, 'datatype' | 'shape'>): boolean {
  return datatype === 'FP32' && shape.length === 2;
}

/** The refusal of more numbers than an embedding has. */
export function tooManyDimensions(dimensions: number, size: number): Refusal {
  const message = `'dimensions' is ${dimensions}, wanted at most ${size}, the size of the model's embeddings`;
  return { ...refuse('INVALID_INPUT', message), param: 'dimensions' };
}

function takesTexts({ datatype, shape }: TensorMetadata): boolean {
  const [first, second = 1, ...more] = shape;
  return datatype === 'BYTES' && first === -1 && Math.abs(second) === 1 && more.length === 0;
}

function listed(tensors: readonly TensorMetadata[]): string {
  return tensors.map(({ name, datatype, shape }) => `'${name}' ${datatype} [${shape.join(',')}]`).join(', ');
}
