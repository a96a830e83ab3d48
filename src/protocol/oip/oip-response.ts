import { type Refusal, refuse } from '../../base/errors.ts';
import { writeJsonData } from '../../tensor/json-codec.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RequestedOutput } from './oip-head.ts';

/** A complete answer, ready to be sent. */
export interface EncodedAnswer {
  readonly contentType: 'application/json' | 'application/octet-stream';
  /** Bytes of JSON before the tensors; undefined when the whole body is JSON. */
  readonly jsonBytes: number | undefined;
  readonly chunks: readonly Uint8Array[];
}

/** The fields of an answer beside the tensors. */
export interface AnswerHead {
  readonly id: string;
  readonly model: string;
  readonly version: string;
}

/** The refusal of unknown requested outputs; undefined when all are known. */
export function checkOutputs(
  model: string,
  metadata: { readonly outputs: readonly { readonly name: string }[] },
  outputs: readonly RequestedOutput[],
): Refusal | undefined {
  const unknown = outputs.find(({ name }) => !metadata.outputs.some((output) => output.name === name));
  if (unknown === undefined) return undefined;
  const known = metadata.outputs.map((output) => `'${output.name}'`).join(', ');
  return refuse(
    'INVALID_INPUT',
    `unexpected inference output '${unknown.name}' for model '${model}'; available outputs: ${known}`,
  );
}

/** An output of an answer, and its form. */
export interface AnswerPart {
  readonly tensor: Tensor;
  readonly isBinary: boolean;
}

/** The requested outputs of an answer, in the order of the request. */
export function answerParts(
  outputs: readonly Tensor[],
  requested: readonly RequestedOutput[] | undefined,
  isBinaryByDefault: boolean,
): AnswerPart[] {
  if (requested === undefined) return outputs.map((tensor) => ({ tensor, isBinary: isBinaryByDefault }));
  return requested.map(({ name, isBinary }) => ({
    tensor: outputs.find((output) => output.name === name) as Tensor,
    isBinary,
  }));
}

/** Writes the JSON part of an answer. */
export type HeadWriter = (head: AnswerHead, parts: readonly AnswerPart[]) => Buffer;

/** Writes an answer as JSON, or as a JSON header and the binary tensors. */
export function writeOipAnswer(
  head: AnswerHead,
  parts: readonly AnswerPart[],
  writeHead: HeadWriter = writeAnswerHead,
): EncodedAnswer {
  const json = writeHead(head, parts);
  const tail = binaryChunks(parts);
  // Without binary tensors the JSON is the whole body, and a header with its length would confuse clients.
  if (tail.every((chunk) => chunk.byteLength === 0)) {
    return { contentType: 'application/json', jsonBytes: undefined, chunks: [json] };
  }
  const first: readonly Uint8Array[] = [json];
  return {
    contentType: 'application/octet-stream',
    jsonBytes: json.byteLength,
    // A spread would grow the list and take six times the memory.
    chunks: first.concat(tail),
  };
}

/** Writes the JSON part without a cache. */
export function writeAnswerHead({ id, model, version }: AnswerHead, parts: readonly AnswerPart[]): Buffer {
  const named = id === '' ? '' : `"id":${JSON.stringify(id)},`;
  const outputs = parts.map(writeOutput).join(',');
  return Buffer.from(
    `{${named}"model_name":${JSON.stringify(model)},"model_version":"${version}","outputs":[${outputs}]}`,
  );
}

function binaryChunks(parts: readonly AnswerPart[]): readonly Uint8Array[] {
  const [only] = parts;
  if (parts.length === 1 && only?.isBinary === true) return only.tensor.data.chunks;
  return parts.flatMap(({ tensor, isBinary }) => (isBinary ? tensor.data.chunks : []));
}

function writeOutput({ tensor, isBinary }: AnswerPart): string {
  const { name, datatype, shape, data } = tensor;
  const form = isBinary
    ? `"parameters":{"binary_data_size":${data.byteLength}}`
    : `"data":${writeJsonData(tensor)}`;
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],${form}}`;
}
