import { ServingError } from '../base/errors.ts';
import type { InferenceRequest, Parameter, Parameters } from '../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import { checkBinaryData } from '../tensor/binary-codec.ts';
import { encodeBytesElements } from '../tensor/bytes-elements.ts';
import { DATATYPE_NAMES, isDatatype } from '../tensor/datatype.ts';
import { readJsonData } from '../tensor/json-codec.ts';
import { flatten, type Segments, sliceSegments } from '../tensor/segments.ts';
import { byteSize, elementCount, type Tensor } from '../tensor/tensor.ts';
import { isJsonObject, type JsonObject, parseRequestJson } from './json-text.ts';

/** An output the caller named, and whether it wants raw bytes. */
export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/** A request of the Open Inference Protocol, and how its caller wants the answer. */
export interface OipRequest {
  readonly request: InferenceRequest;
  /** undefined asks for all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** For when no output is named. */
  readonly isBinaryByDefault: boolean;
}

/**
 * Reads an inference request. `jsonBytes` is how much of the body is JSON when binary tensors follow it;
 * undefined when all is. Throws a ServingError that says what came and what was wanted.
 */
export function readOipRequest(model: string, body: Segments, jsonBytes: number | undefined): OipRequest {
  const headBytes = jsonBytes ?? body.byteLength;
  if (headBytes > body.byteLength) {
    throw malformed(`inference-header-content-length is ${headBytes}, but the body has only ${body.byteLength} bytes`);
  }
  const json = parseRequestJson(sliceSegments(body, 0, headBytes));
  const tail = new BinaryTail(model, sliceSegments(body, headBytes, body.byteLength));
  const inputs = listOf(json, 'inputs').map((input) => readInput(input, tail));
  tail.checkEmpty();
  checkUnique('input', inputs.map((input) => input.name));
  const parameters = parametersOf(json);
  return {
    request: {
      id: idOf(json),
      inputs,
      parameters: modelParameters(parameters),
      timeoutMs: timeoutMsOf(parameters),
    },
    outputs: json['outputs'] === undefined ? undefined : requestedOutputs(json),
    isBinaryByDefault: parameters['binary_data_output'] === true,
  };
}

/** A body without any JSON: the bytes of the model's only input. All outputs go back as bytes too. */
export function readRawRequest(model: string, metadata: ModelMetadata, body: Segments): OipRequest {
  const input = metadata.inputs[0];
  if (input === undefined || metadata.inputs.length !== 1) {
    throw new ServingError(
      'INVALID_INPUT',
      `Raw request must only have 1 input (found 1) to be deduced but got ${metadata.inputs.length} inputs in '${model}'`,
    );
  }
  const data = input.datatype === 'BYTES' ? encodeBytesElements([flatten(body)]) : body;
  const shape = deduceShape(input, body);
  checkBinaryData(input.name, input.datatype, shape, data);
  const inputs = [{ name: input.name, datatype: input.datatype, shape, data }];
  return {
    request: { id: '', inputs, parameters: {}, timeoutMs: undefined },
    outputs: undefined,
    isBinaryByDefault: true,
  };
}

/** What follows the JSON, handed out piece by piece in the order of the inputs that claim it. */
class BinaryTail {
  readonly #model: string;
  readonly #bytes: Segments;
  #at = 0;

  constructor(model: string, bytes: Segments) {
    this.#model = model;
    this.#bytes = bytes;
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

function readInput(input: JsonObject, tail: BinaryTail): Tensor {
  const name = nameOf(input, 'input');
  const { datatype } = input;
  if (!isDatatype(datatype)) {
    throw invalid(`input '${name}': datatype is ${shown(datatype)}, wanted one of ${DATATYPE_NAMES.join(', ')}`);
  }
  const shape = shapeOf(name, input['shape']);
  if (!Number.isSafeInteger(elementCount(shape)) || (byteSize(datatype, shape) ?? 0) > Number.MAX_SAFE_INTEGER) {
    throw invalid(`input '${name}': shape [${shape.join(',')}] causes total element count to exceed maximum size`);
  }
  const parameters = parametersOf(input);
  const size = parameters['binary_data_size'];
  if (parameters['shared_memory_region'] !== undefined) {
    throw invalid(`input '${name}': shared memory is not offered here; send data or binary_data_size`);
  }
  // Some clients write "data": null beside binary_data_size: null is no data.
  const json = input['data'] ?? undefined;
  if (size === undefined) return { name, datatype, shape, data: readJsonData(name, datatype, shape, json) };
  if (json !== undefined) {
    throw invalid(`Input must set only one of data and parameters.binary_data_size: '${name}' sets both`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`input '${name}': binary_data_size is ${shown(size)}, wanted a number of bytes`);
  }
  const data = tail.take(name, size);
  checkBinaryData(name, datatype, shape, data);
  return { name, datatype, shape, data };
}

function shapeOf(name: string, shape: unknown): number[] {
  if (!Array.isArray(shape)) throw invalid(`input '${name}': shape is ${shown(shape)}, wanted an array of sizes`);
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw invalid(`input '${name}': Unable to parse 'shape': ${shown(size)} is no whole number from 0 up`);
    }
  }
  return shape as number[];
}

function requestedOutputs(json: JsonObject): RequestedOutput[] | undefined {
  const outputs = listOf(json, 'outputs').map((output) => {
    const name = nameOf(output, 'output');
    const parameters = parametersOf(output);
    if (parameters['classification'] !== undefined) {
      throw invalid(`output '${name}': the classification extension is not offered here; ask for the output itself`);
    }
    return { name, isBinary: parameters['binary_data'] === true };
  });
  checkUnique('output', outputs.map((output) => output.name));
  return outputs.length === 0 ? undefined : outputs;
}

/** Parameters that are the server's, not the model's. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['binary_data_output', 'timeout', 'priority']);

function modelParameters(parameters: JsonObject): Parameters {
  const kept: Record<string, Parameter> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (OWN_PARAMETERS.has(key)) continue;
    if (key.startsWith('triton_')) throw invalid(`parameter '${key}' is reserved: names may not begin with triton_`);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw invalid(`parameter '${key}' is ${shown(value)}, wanted a text, a number, true or false`);
    }
    kept[key] = value;
  }
  return kept;
}

function timeoutMsOf({ timeout }: JsonObject): number | undefined {
  if (timeout === undefined || timeout === 0) return undefined;
  if (typeof timeout === 'number' && Number.isSafeInteger(timeout) && timeout > 0) return timeout / 1000;
  throw invalid(`parameter 'timeout' is ${shown(timeout)}, wanted a whole number of microseconds`);
}

function parametersOf(holder: JsonObject): JsonObject {
  const { parameters } = holder;
  if (parameters === undefined || parameters === null) return {};
  if (!isJsonObject(parameters)) throw malformed(`'parameters' is ${shown(parameters)}, wanted an object`);
  return parameters;
}

function idOf({ id }: JsonObject): string {
  if (id === undefined || id === null) return '';
  if (typeof id === 'string') return id;
  throw malformed(`'id' is ${shown(id)}, wanted a text`);
}

function listOf(json: JsonObject, key: string): JsonObject[] {
  const list = json[key];
  if (!Array.isArray(list)) throw malformed(`'${key}' is ${shown(list)}, wanted an array of tensors`);
  for (const item of list) {
    if (!isJsonObject(item)) throw malformed(`an entry of '${key}' is ${shown(item)}, wanted an object with a name`);
  }
  return list as JsonObject[];
}

function nameOf({ name }: JsonObject, what: string): string {
  if (typeof name === 'string' && name !== '') return name;
  throw malformed(`the name of an ${what} is ${shown(name)}, wanted a text`);
}

function checkUnique(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`${what} '${twice}' already exists in request`);
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

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value)?.slice(0, 60) ?? typeof value);
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_INPUT', message);
}

function malformed(message: string): ServingError {
  return new ServingError('MALFORMED', message);
}
