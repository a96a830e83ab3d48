import { ServingError } from '../base/errors.ts';
import type { Parameter, Parameters } from '../model/inference.ts';
import { DATATYPE_NAMES, type Datatype, isDatatype } from '../tensor/datatype.ts';
import { readJsonData } from '../tensor/json-codec.ts';
import type { Segments } from '../tensor/segments.ts';
import { byteSize, elementCount } from '../tensor/tensor.ts';
import { isJsonObject, type JsonObject, parseRequestJson } from './json-text.ts';

/** An output the caller named, and whether it wants raw bytes. */
export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/** An input as the JSON tells of it: with its data, or with the number of bytes that follow behind. */
export interface HeadInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Segments | undefined;
  readonly binaryBytes: number;
}

/** The JSON part of a request, checked and turned into plain data. */
export interface OipHead {
  readonly id: string;
  readonly inputs: readonly HeadInput[];
  readonly parameters: Parameters;
  readonly timeoutMs: number | undefined;
  /** 1 the most urgent; 0 leaves it to the model. */
  readonly priority: number;
  /** undefined asks for all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  readonly isBinaryByDefault: boolean;
}

/** How a head is read: parsed, or remembered. */
export type HeadReader = (bytes: Segments) => OipHead;

/** Reads the JSON part of a request. Throws a ServingError that says what came and what was wanted. */
export function parseOipHead(bytes: Segments): OipHead {
  const json = parseRequestJson(bytes);
  const inputs = listOf(json, 'inputs').map(readInput);
  checkUnique('input', inputs);
  const parameters = parametersOf(json);
  return {
    id: idOf(json),
    inputs,
    parameters: modelParameters(parameters),
    timeoutMs: timeoutMsOf(parameters),
    priority: priorityOf(parameters),
    outputs: json.outputs === undefined ? undefined : requestedOutputs(json),
    isBinaryByDefault: parameters.binary_data_output === true,
  };
}

function readInput(input: JsonObject): HeadInput {
  const name = nameOf(input, 'input');
  const { datatype } = input;
  if (!isDatatype(datatype)) {
    throw invalid(
      `input '${name}': datatype is ${shown(datatype)}, wanted one of ${DATATYPE_NAMES.join(', ')}`,
    );
  }
  const shape = shapeOf(name, input.shape);
  if (
    !Number.isSafeInteger(elementCount(shape)) ||
    (byteSize(datatype, shape) ?? 0) > Number.MAX_SAFE_INTEGER
  ) {
    throw invalid(
      `input '${name}': shape [${shape.join(',')}] causes total element count to exceed maximum size`,
    );
  }
  const parameters = parametersOf(input);
  if (parameters.shared_memory_region !== undefined) {
    throw invalid(`input '${name}': shared memory is not offered here; send data or binary_data_size`);
  }
  const size = parameters.binary_data_size;
  // Some clients write "data": null beside binary_data_size: null is no data.
  const json = input.data ?? undefined;
  if (size === undefined) {
    return { name, datatype, shape, data: readJsonData(name, datatype, shape, json), binaryBytes: 0 };
  }
  if (json !== undefined) {
    throw invalid(`Input must set only one of data and parameters.binary_data_size: '${name}' sets both`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`input '${name}': binary_data_size is ${shown(size)}, wanted a number of bytes`);
  }
  return { name, datatype, shape, data: undefined, binaryBytes: size };
}

function shapeOf(name: string, shape: unknown): number[] {
  if (!Array.isArray(shape))
    throw invalid(`input '${name}': shape is ${shown(shape)}, wanted an array of sizes`);
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
    if (parameters.classification !== undefined) {
      throw invalid(
        `output '${name}': the classification extension is not offered here; ask for the output itself`,
      );
    }
    return { name, isBinary: parameters.binary_data === true };
  });
  checkUnique('output', outputs);
  return outputs.length === 0 ? undefined : outputs;
}

/** Parameters that are the server's, not the model's. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['binary_data_output', 'timeout', 'priority']);

function modelParameters(parameters: JsonObject): Parameters {
  const kept: Record<string, Parameter> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (OWN_PARAMETERS.has(key)) continue;
    if (key.startsWith('triton_'))
      throw invalid(`parameter '${key}' is reserved: names may not begin with triton_`);
    const isNumber = typeof value === 'number' && Number.isFinite(value);
    if (typeof value !== 'string' && !isNumber && typeof value !== 'boolean') {
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

function priorityOf({ priority }: JsonObject): number {
  if (priority === undefined) return 0;
  if (typeof priority === 'number' && Number.isSafeInteger(priority) && priority >= 0) return priority;
  throw invalid(
    `parameter 'priority' is ${shown(priority)}, wanted a whole number: 0 for the model's own, 1 the most urgent`,
  );
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
    if (!isJsonObject(item))
      throw malformed(`an entry of '${key}' is ${shown(item)}, wanted an object with a name`);
  }
  return list as JsonObject[];
}

function nameOf({ name }: JsonObject, what: string): string {
  if (typeof name === 'string' && name !== '') return name;
  throw malformed(`the name of an ${what} is ${shown(name)}, wanted a text`);
}

function checkUnique(what: string, named: readonly { readonly name: string }[]): void {
  if (named.length < 2) return;
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw invalid(`${what} '${twice.name}' already exists in request`);
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
