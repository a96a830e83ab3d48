import type { InferenceRequest } from '../../model/inference.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { readJsonData, writeJsonElements } from '../../tensor/json-codec.ts';
import type { Segments } from '../../tensor/segments.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import {
  invalid,
  isJsonObject,
  type JsonObject,
  malformed,
  parseRequestJson,
  present,
  shown,
} from '../http/json-text.ts';
import { parametersOf, requestParameters } from '../http/request-parameters.ts';
import type { PredictTarget } from './simple-codec.ts';

/** The members of an answer beside the outputs. */
export interface GenerateHead {
  readonly id: string;
  readonly model: string;
  readonly version: string;
}

/**
 * Reads a request of the generate extension: an object with one value or flat list per input, at the top or among the
 * `parameters`. Other members at the top are ignored, because clients of other servers send them.
 */
export function readGenerateRequest(
  { model, metadata, maxValues }: PredictTarget,
  body: Segments,
): InferenceRequest {
  const json = parseRequestJson(body, maxValues);
  const parameters = parametersOf(json);
  const names = metadata.inputs.map(({ name }) => name);
  const inputs = metadata.inputs.map((input) => {
    const given = present(json[input.name]) ?? present(parameters[input.name]);
    if (given !== undefined) return tensorOf(input, given);
    throw invalid(
      `the request has no '${input.name}', wanted the inputs [${names.join(', ')}] of model '${model}'`,
    );
  });
  const others = Object.entries(parameters).filter(([name]) => !names.includes(name));
  return { id: idOf(json), inputs, ...requestParameters({ parameters: Object.fromEntries(others) }) };
}

function idOf({ id }: JsonObject): string {
  const given = present(id) ?? '';
  if (typeof given === 'string') return given;
  throw malformed(`'id' is ${shown(given)}, wanted a string`);
}

function tensorOf({ name, datatype, shape: declared }: TensorMetadata, given: unknown): Tensor {
  const data: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (isJsonObject(given) || data.some(Array.isArray)) {
    throw invalid(`input '${name}' is nested, wanted one value or a flat list`);
  }
  const shape = shapeFor(declared, data.length);
  return { name, datatype, shape, data: readJsonData(name, datatype, shape, data) };
}

/** The innermost open axis takes what the fixed ones leave; other open axes are 1. */
function shapeFor(declared: readonly number[], count: number): number[] {
  const innermost = declared.lastIndexOf(-1);
  const fixed = elementCount(declared.filter((size) => size !== -1));
  const rest = fixed === 0 ? 0 : Math.floor(count / fixed);
  return declared.map((size, axis) => (size !== -1 ? size : axis === innermost ? rest : 1));
}

/** Writes an answer: one value, or a flat list, per output. */
export function writeGenerateAnswer(
  { id, model, version }: GenerateHead,
  outputs: readonly Tensor[],
): Buffer {
  const members = [
    ...(id === '' ? [] : [`"id":${JSON.stringify(id)}`]),
    `"model_name":${JSON.stringify(model)}`,
    `"model_version":"${version}"`,
    ...outputs.map((output) => {
      const elements = writeJsonElements(output);
      const value = elements.length === 1 ? elements[0] : `[${elements.join(',')}]`;
      return `${JSON.stringify(output.name)}:${value}`;
    }),
  ];
  return Buffer.from(`{${members.join(',')}}`);
}
