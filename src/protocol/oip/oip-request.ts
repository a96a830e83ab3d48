import { ServingError } from '../../base/errors.ts';
import { checkInput } from '../../model/check-inputs.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import { checkBinaryData } from '../../tensor/binary-codec.ts';
import { readJsonData } from '../../tensor/json-codec.ts';
import { joinSegments, type Segments, segmentsOf, sliceSegments } from '../../tensor/segments.ts';
import { byteSize, type Tensor } from '../../tensor/tensor.ts';
import type { EmbeddingsForm } from '../openai/read-request.ts';
import type { ReadTarget } from '../simple/read-target.ts';
import type { Layout } from '../simple/simple-codec.ts';
import type { HeadInput, HeadReader, RequestedOutput } from './oip-head.ts';

/** A request, and the form of the answer that its caller asked for. */
export interface OipRequest {
  readonly request: InferenceRequest;
  /** undefined asks for all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Applies when no output is named. */
  readonly isBinaryByDefault: boolean;
  /** Set for a request in the simple form. */
  readonly layout?: Layout;
  /** Set for a request for embeddings. */
  readonly embeddings?: EmbeddingsForm;
}

/**
 * Reads an inference request. `jsonBytes` is the length of its JSON part when binary tensors follow it; undefined when
 * the whole body is JSON. Throws a ServingError that says what came and what was wanted.
 */
export function readOipRequest(
  target: ReadTarget,
  body: Segments,
  jsonBytes: number | undefined,
  readHead: HeadReader,
): OipRequest {
  const headBytes = jsonBytes ?? body.byteLength;
  if (headBytes > body.byteLength) {
    throw new ServingError(
      'MALFORMED',
      `inference-header-content-length is ${headBytes}, but the body has only ${body.byteLength} bytes`,
    );
  }
  const head = readHead(body, headBytes, target.maxValues);
  const tail = new BinaryTail(target.model, body, headBytes);
  const inputs = head.inputs.map((input) => bindInput(target, input, tail));
  tail.checkEmpty();
  const { id, parameters, timeoutMs, priority, outputs, isBinaryByDefault } = head;
  return { request: { id, inputs, parameters, timeoutMs, priority }, outputs, isBinaryByDefault };
}

/** A body without any JSON: the bytes of the model's only input. All outputs are returned as bytes too. */
export function readRawRequest(model: string, metadata: ModelMetadata, body: Segments): OipRequest {
  const input = metadata.inputs[0];
  if (input === undefined || metadata.inputs.length !== 1) {
    throw new ServingError(
      'INVALID_INPUT',
      `Raw request must only have 1 input (found 1) to be deduced but got ${metadata.inputs.length} inputs in '${model}'`,
    );
  }
  const data = input.datatype === 'BYTES' ? withLength(body) : body;
  const shape = deduceShape(input, body);
  checkBinaryData(input.name, input.datatype, shape, data);
  const inputs = [{ name: input.name, datatype: input.datatype, shape, data }];
  return {
    request: { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 },
    outputs: undefined,
    isBinaryByDefault: true,
  };
}

/** The only element of a BYTES tensor: its length is put before it, without a copy. */
function withLength(body: Segments): Segments {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.byteLength, true);
  return joinSegments([segmentsOf(length), body]);
}

/** The binary part of a body, from `start` on, in pieces in the order of the inputs that claim them. */
class BinaryTail {
  readonly #model: string;
  readonly #bytes: Segments;
  #at: number;

  constructor(model: string, bytes: Segments, start: number) {
    this.#model = model;
    this.#bytes = bytes;
    this.#at = start;
  }

  take(name: string, byteLength: number): Segments {
    const left = this.#bytes.byteLength - this.#at;
    if (byteLength > left) {
      throw new ServingError(
        'INVALID_INPUT',
        `unexpected size for input '${name}', expecting ${byteLength - left} additional bytes for model '${this.#model}'`,
      );
    }
    this.#at += byteLength;
    return sliceSegments(this.#bytes, this.#at - byteLength, this.#at);
  }

  checkEmpty(): void {
    const left = this.#bytes.byteLength - this.#at;
    if (left === 0) return;
    throw new ServingError(
      'INVALID_INPUT',
      `unexpected additional input data for model '${this.#model}': ${left} bytes that no input's binary_data_size claims`,
    );
  }
}

/** Inputs that the model does not accept are refused before their data is read. */
function bindInput({ model, metadata }: ReadTarget, input: HeadInput, tail: BinaryTail): Tensor {
  const { name, datatype, shape, binaryBytes } = input;
  const wanted = metadata?.inputs.find((other) => other.name === name);
  if (wanted !== undefined) checkInput(model, wanted, input);
  else if (metadata !== undefined && datatype === 'BYTES') throw unexpected(model, name);
  if (binaryBytes === undefined) {
    return { name, datatype, shape, data: readJsonData(name, datatype, shape, input.data) };
  }
  const data = tail.take(name, binaryBytes);
  checkBinaryData(name, datatype, shape, data);
  return { name, datatype, shape, data };
}

function unexpected(model: string, name: string): ServingError {
  return new ServingError('INVALID_INPUT', `unexpected inference input '${name}' for model '${model}'`);
}

/** The one open size that makes the bytes fit; a batch axis counts 1 when another size is open too. */
function deduceShape({ name, datatype, shape }: TensorMetadata, body: Segments): number[] {
  const open = shape.filter((size) => size === -1).length;
  const known = shape.map((size) => (size === -1 ? 1 : size));
  if (open === 0 || datatype === 'BYTES') return known;
  const rowBytes = byteSize(datatype, known) ?? 1;
  if (open > 2 || (open === 2 && shape[0] !== -1)) {
    throw new ServingError(
      'INVALID_INPUT',
      `Raw request can deduce one open size only, input '${name}' has shape [${shape.join(',')}]: send a JSON header`,
    );
  }
  const last = shape.lastIndexOf(-1);
  return known.map((size, axis) => (axis === last ? Math.floor(body.byteLength / rowBytes) : size));
}
