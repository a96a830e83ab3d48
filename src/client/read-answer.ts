import { decodeBytesElements } from '../tensor/bytes-elements.ts';
import { type Datatype, isDatatype } from '../tensor/datatype.ts';
import { readJsonData } from '../tensor/json-codec.ts';
import { readJson } from '../tensor/read-json.ts';
import { type Segments, sliceSegments } from '../tensor/segments.ts';
import { elementCount, type TensorArray, typedArrayOf } from '../tensor/tensor.ts';

/** An output tensor. */
export interface InferOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorArray | readonly Uint8Array[];
}

export interface InferResult {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly outputs: readonly InferOutput[];
}

/** The answer does not follow the protocol. */
export class UnreadableAnswerError extends Error {
  override readonly name = 'UnreadableAnswerError';
}

interface WireOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number } | null;
  readonly data?: unknown;
}

interface WireAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly WireOutput[];
}

/** Reads JSON exactly: all digits of integers, bare NaN and infinities. */
export function readAnswerJson(body: Segments): unknown {
  return readable(() => readJson(body));
}

/** Reads an answer whose tensors follow the JSON as bytes or are part of it. */
export function readAnswer(body: Segments, headBytes: number): InferResult {
  return readable(() => {
    const answer = readJson(sliceSegments(body, 0, headBytes)) as WireAnswer;
    if (!Array.isArray(answer?.outputs)) throw new Error('it has no outputs');
    let at = headBytes;
    const outputs = (answer.outputs as readonly WireOutput[]).map((output) => {
      const size = output.parameters?.binary_data_size;
      if (size === undefined) return readOutput(output, undefined);
      at += size;
      return readOutput(output, sliceSegments(body, at - size, at));
    });
    return { model: answer.model_name, version: answer.model_version, id: answer.id, outputs };
  });
}

function readOutput({ name, datatype, shape, data }: WireOutput, bytes: Segments | undefined): InferOutput {
  if (!isDatatype(datatype) || !Array.isArray(shape)) {
    throw new Error(`output '${name}' has datatype '${datatype}' and shape ${JSON.stringify(shape)}`);
  }
  const given = bytes ?? readJsonData(name, datatype, shape, data);
  const array = datatype === 'BYTES' ? decodeBytesElements(given) : typedArrayOf(datatype, given);
  if (array.length !== elementCount(shape)) {
    throw new Error(
      `output '${name}' has ${array.length} elements, which does not match its shape [${shape.join(',')}]`,
    );
  }
  return { name, datatype, shape, data: array };
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (caught) {
    const message = caught instanceof Error ? caught.message : String(caught);
    throw new UnreadableAnswerError(message, { cause: caught });
  }
}
