import type { Parameters } from '../../model/inference.ts';
import { DATATYPE_NAMES, type Datatype, isDatatype } from '../../tensor/datatype.ts';
import { type Segments, sliceSegments } from '../../tensor/segments.ts';
import { byteSize, elementCount } from '../../tensor/tensor.ts';
import {
  invalid,
  isJsonObject,
  type JsonObject,
  malformed,
  parseRequestJson,
  present,
  shown,
} from '../http/json-text.ts';
import { booleanOf, parametersOf, requestParameters } from '../http/request-parameters.ts';

/** Larger than any real one: longer ones would be repeated in answers, messages and the log. */
const MAX_ID_LENGTH = 1_024;
const MAX_NAME_LENGTH = 1_024;
/** Maximum number of sizes in a shape. Runtimes support some tens at most. */
const MAX_RANK = 64;
/** Maximum number of inputs, or of requested outputs. */
const MAX_TENSORS = 1_024;

/** A requested output, and whether it is returned as raw bytes. */
export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/** An input as the JSON describes it: with its data, or with the number of its bytes in the binary part. */
export interface HeadInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** The JSON of its data, parsed after the model is known to accept it; undefined where bytes follow. */
  readonly data: unknown;
  readonly binaryBytes: number | undefined;
}

/** The JSON part of a request, validated, as plain data. */
export interface OipHead {
  readonly id: string;
  readonly inputs: readonly HeadInput[];
  readonly parameters: Parameters;
  readonly timeoutMs: number | undefined;
  /** 1 is the most urgent; 0: the model's setting applies. */
  readonly priority: number;
  /** undefined asks for all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  readonly isBinaryByDefault: boolean;
}

/** How the head in the first `headBytes` of a body is read: parsed, or from the cache. */
export type HeadReader = (body: Segments, headBytes: number, maxValues?: number) => OipHead;

/** Reads the JSON part of a request. Throws a ServingError that says what came and what was wanted. */
export function parseOipHead(body: Segments, headBytes = body.byteLength, maxValues?: number): OipHead {
  const json = parseRequestJson(sliceSegments(body, 0, headBytes), maxValues);
  const inputs = listOf(json, 'inputs').map(readInput);
  checkUnique('input', inputs);
  return {
    id: idOf(json),
    inputs,
    ...requestParameters(json),
    outputs: present(json.outputs) === undefined ? undefined : requestedOutputs(json),
    isBinaryByDefault: booleanOf('', parametersOf(json), 'binary_data_output'),
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
  if (present(parameters.shared_memory_region) !== undefined) {
    throw invalid(`input '${name}': shared memory is not supported; send data or binary_data_size`);
  }
  const size = present(parameters.binary_data_size);
  const json = present(input.data);
  if (size === undefined) {
    if (json === undefined) {
      throw invalid(`input '${name}': data is missing, wanted an array of ${datatype} elements`);
    }
    return { name, datatype, shape, data: json, binaryBytes: undefined };
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
  if (shape.length > MAX_RANK) {
    throw invalid(`input '${name}': shape has ${shape.length} sizes, wanted at most ${MAX_RANK}`);
  }
  for (const size of shape) {
    if (isTooLarge(size)) throw invalid(`input '${name}': shape has ${shown(size)}, which is too large`);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw invalid(
        `input '${name}': Unable to parse 'shape': ${shown(size)} is not a whole number of at least 0`,
      );
    }
  }
  return shape as number[];
}

/** A whole number that does not count elements. */
function isTooLarge(size: unknown): boolean {
  if (typeof size === 'bigint') return size > 0n;
  return Number.isInteger(size) && (size as number) > Number.MAX_SAFE_INTEGER;
}

function requestedOutputs(json: JsonObject): RequestedOutput[] | undefined {
  const outputs = listOf(json, 'outputs').map((output) => {
    const name = nameOf(output, 'output');
    const parameters = parametersOf(output);
    if (present(parameters.classification) !== undefined) {
      throw invalid(
        `output '${name}': the classification extension is not supported; request the output itself`,
      );
    }
    // If it were ignored, the client would read the previous contents of the region.
    if (present(parameters.shared_memory_region) !== undefined) {
      throw invalid(`output '${name}': shared memory is not supported; request binary_data`);
    }
    return { name, isBinary: booleanOf(`output '${name}': `, parameters, 'binary_data') };
  });
  checkUnique('output', outputs);
  return outputs.length === 0 ? undefined : outputs;
}

function idOf({ id }: JsonObject): string {
  if (present(id) === undefined) return '';
  if (typeof id === 'string') {
    if (id.length <= MAX_ID_LENGTH) return id;
    throw malformed(`'id' has ${id.length} characters, wanted at most ${MAX_ID_LENGTH}`);
  }
  throw malformed(`'id' is ${shown(id)}, wanted a string`);
}

function listOf(json: JsonObject, key: string): JsonObject[] {
  const list = json[key];
  if (!Array.isArray(list)) throw malformed(`'${key}' is ${shown(list)}, wanted an array of tensors`);
  if (list.length > MAX_TENSORS) {
    throw malformed(`'${key}' has ${list.length} entries, wanted at most ${MAX_TENSORS}`);
  }
  for (const item of list) {
    if (!isJsonObject(item))
      throw malformed(`an entry of '${key}' is ${shown(item)}, wanted an object with a name`);
  }
  return list as JsonObject[];
}

function nameOf({ name }: JsonObject, what: string): string {
  if (typeof name === 'string' && name !== '') {
    if (name.length <= MAX_NAME_LENGTH) return name;
    throw malformed(
      `the name of an ${what} has ${name.length} characters, wanted at most ${MAX_NAME_LENGTH}`,
    );
  }
  throw malformed(`the name of an ${what} is ${shown(name)}, wanted a string`);
}

function checkUnique(what: string, named: readonly { readonly name: string }[]): void {
  if (named.length < 2) return;
  const names = new Set<string>();
  for (const { name } of named) {
    if (names.has(name)) throw invalid(`${what} '${name}' already exists in request`);
    names.add(name);
  }
}
