import { type Refusal, refuse } from '../../base/errors.ts';
import { type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { toUnitLength } from '../../tensor/unit-length.ts';
import { isEmbedding, tooManyDimensions } from './bind-request.ts';
import type { EmbeddingsForm } from './read-request.ts';

/** Writes OpenAI's answer to a request for embeddings. */
export function writeEmbeddingsAnswer(
  outputs: readonly Tensor[],
  { model, isBase64, dimensions }: EmbeddingsForm,
): Buffer | Refusal {
  const output = outputs.find(isEmbedding);
  if (output === undefined) return refuse('BAD_OUTPUT', 'the answer contains no embeddings, FP32 [-1,n]');
  const [rows = 0, size = 0] = output.shape;
  if (dimensions !== undefined && dimensions > size) return tooManyDimensions(dimensions, size);
  const values = typedArrayOf('FP32', output.data) as Float32Array;
  const write = isBase64 ? base64Of : numbersOf;
  const data: string[] = [];
  for (let row = 0; row < rows; row++) {
    const whole = values.subarray(row * size, (row + 1) * size);
    const embedding = dimensions === undefined ? whole : firstOf(whole, dimensions);
    if (!embedding.every(Number.isFinite))
      return refuse('BAD_OUTPUT', `the embedding of text ${row} contains NaN or Infinity`);
    data.push(`{"object":"embedding","index":${row},"embedding":${write(embedding)}}`);
  }
  const tokens = tokensIn(outputs);
  const usage = `{"prompt_tokens":${tokens},"total_tokens":${tokens}}`;
  return Buffer.from(
    `{"object":"list","data":[${data.join(',')}],"model":${JSON.stringify(model)},"usage":${usage}}`,
  );
}

/** A shorter embedding has the length 1 again. */
function firstOf(whole: Float32Array, dimensions: number): Float32Array {
  const part = whole.slice(0, dimensions);
  toUnitLength(part, dimensions);
  return part;
}

function numbersOf(embedding: Float32Array): string {
  return JSON.stringify(Array.from(embedding));
}

function base64Of({ buffer, byteOffset, byteLength }: Float32Array): string {
  return `"${Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64')}"`;
}

/** The sum of the output `tokens`, if the model has one: tokens of each text. */
function tokensIn(outputs: readonly Tensor[]): number {
  const output = outputs.find(({ name }) => name === 'tokens');
  if (output?.datatype !== 'INT32') return 0;
  return (typedArrayOf('INT32', output.data) as Int32Array).reduce((sum, tokens) => sum + tokens, 0);
}
