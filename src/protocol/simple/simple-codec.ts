import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import { writeJsonElements } from '../../tensor/json-codec.ts';
import type { Segments } from '../../tensor/segments.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import { invalid, isJsonObject, malformed, parseRequestJson, present, shown } from '../http/json-text.ts';
import { requestParameters } from '../http/request-parameters.ts';
import type { ReadTarget } from './read-target.ts';
import { isBase64, readRows, readWhole } from './simple-values.ts';

/** The layout of a request in the simple form: by row or by input. Its answer has the same layout. */
export type Layout = { readonly by: 'row'; readonly rows: number } | { readonly by: 'column' };

export interface PredictRequest {
  readonly request: InferenceRequest;
  readonly layout: Layout;
}

/** The inputs of a version that a request in the simple form may be for. */
export interface PredictForm {
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
}

/** The simple form has neither names nor shapes: they come from the model's metadata. */
export type PredictTarget = ReadTarget & { readonly metadata: ModelMetadata };

/**
 * Reads the simple form. `{"instances": [...]}` holds one instance per row, nested as the model's shape or flat; for a
 * model of several inputs it is an object by input name. `{"inputs": …}` holds each input as a whole.
 */
export function readPredictRequest(
  target: PredictTarget,
  hasBatches: boolean,
  body: Segments,
  others: readonly PredictForm[] = [],
): PredictRequest {
  const { model, maxValues } = target;
  const json = parseRequestJson(body, others.length > 0 ? undefined : maxValues);
  const { metadata, hasBatchAxis } = formFor(
    json,
    { metadata: target.metadata, hasBatchAxis: hasBatches },
    others,
  );
  const [instances, columns] = [present(json.instances), present(json.inputs)];
  if (instances !== undefined && columns !== undefined) {
    throw malformed(`got both "instances" and "inputs" for model '${model}', wanted one of them`);
  }
  const request = { id: '', ...requestParameters(json) };
  if (columns !== undefined) {
    return { request: { ...request, inputs: readColumns(metadata, columns) }, layout: { by: 'column' } };
  }
  if (!Array.isArray(instances) || instances.length === 0) {
    throw malformed(`wanted {"instances": [...]} with at least one instance for model '${model}'`);
  }
  if (!hasBatchAxis && instances.length > 1) {
    throw invalid(
      `model '${model}' takes one instance at a time, got ${instances.length}: send several requests`,
    );
  }
  const inputs = metadata.inputs.map((input) => {
    const values = instances.map((instance, index) => valueFor(metadata, input, instance, index));
    return hasBatchAxis ? readRows(input, values) : readWhole(input, values[0]);
  });
  return { request: { ...request, inputs }, layout: { by: 'row', rows: instances.length } };
}

/** The first form that has just the inputs that a request names; the first of all for a request without names. */
function formFor(
  json: Readonly<Record<string, unknown>>,
  first: PredictForm,
  others: readonly PredictForm[],
): PredictForm {
  if (others.length === 0) return first;
  const given = Array.isArray(json.instances) ? json.instances[0] : json.inputs;
  if (!isJsonObject(given) || isBase64(given)) return first;
  const names = Object.keys(given).toSorted().join('\n');
  const namesOf = ({ metadata }: PredictForm) =>
    metadata.inputs
      .map(({ name }) => name)
      .toSorted()
      .join('\n');
  return [first, ...others].find((form) => namesOf(form) === names) ?? first;
}

function valueFor(metadata: ModelMetadata, input: TensorMetadata, instance: unknown, index: number): unknown {
  const isBytes = isBase64(instance) && input.name !== 'b64';
  if (!isJsonObject(instance) || (isBytes && metadata.inputs.length === 1)) {
    if (metadata.inputs.length === 1) return instance;
    throw invalid(`instance ${index} must be an object {${wantedNames(metadata)}}`);
  }
  const value = present(instance[input.name]);
  if (value !== undefined) return value;
  throw invalid(
    `instance ${index} has no '${input.name}'; it has ${Object.keys(instance).slice(0, 20).join(', ') || 'nothing'}`,
  );
}

function readColumns(metadata: ModelMetadata, columns: unknown): Tensor[] {
  const [only] = metadata.inputs;
  const isBytes = isBase64(columns) && only?.name !== 'b64';
  if (!isJsonObject(columns) || isBytes) {
    if (only !== undefined && metadata.inputs.length === 1) return [readWhole(only, columns)];
    throw invalid(`"inputs" is ${shown(columns)}, wanted an object {${wantedNames(metadata)}}`);
  }
  return metadata.inputs.map((input) => {
    const value = present(columns[input.name]);
    if (value !== undefined) return readWhole(input, value);
    throw invalid(
      `"inputs" has no '${input.name}'; it has ${Object.keys(columns).slice(0, 20).join(', ') || 'nothing'}`,
    );
  });
}

function wantedNames({ inputs }: ModelMetadata): string {
  return inputs.map(({ name }) => `"${name}": …`).join(', ');
}

/**
 * Writes `{"predictions": [...]}`: one element per row; for a model of several outputs an object by output name. When
 * an output has another number of rows, `predictions` is one object of whole outputs. A request with whole inputs gets
 * whole outputs, under `outputs`.
 */
export function writePredictAnswer(
  outputs: readonly Tensor[],
  hasBatchAxis: boolean,
  layout: Layout,
): Buffer {
  if (layout.by === 'column') {
    const [only] = outputs;
    const isOne = outputs.length === 1 && only !== undefined;
    return Buffer.from(`{"outputs":${isOne ? writeWhole(only) : writeByName(outputs, writeWhole)}}`);
  }
  if (hasBatchAxis && outputs.some(({ shape }) => shape[0] !== layout.rows)) {
    return Buffer.from(`{"predictions":${writeByName(outputs, writeWhole)}}`);
  }
  const byOutput = outputs.map((output) => (hasBatchAxis ? writeRows(output) : [writeWhole(output)]));
  const predictions = Array.from({ length: layout.rows }, (_, row) => {
    if (outputs.length === 1) return byOutput[0]?.[row];
    return writeByName(outputs, (_output, index) => String(byOutput[index]?.[row]));
  });
  return Buffer.from(`{"predictions":[${predictions.join(',')}]}`);
}

function writeByName(outputs: readonly Tensor[], write: (output: Tensor, index: number) => string): string {
  const members = outputs.map((output, index) => `${JSON.stringify(output.name)}:${write(output, index)}`);
  return `{${members.join(',')}}`;
}

function writeRows(output: Tensor): string[] {
  const [rows = 0, ...rowShape] = output.shape;
  const elements = elementsOf(output);
  const perRow = elementCount(rowShape);
  return Array.from({ length: rows }, (_, row) => nestElements(elements, row * perRow, rowShape));
}

function writeWhole(output: Tensor): string {
  return nestElements(elementsOf(output), 0, output.shape);
}

/** Bytes that are not UTF-8 text are written as `{"b64": …}`, as in requests. */
function elementsOf(output: Tensor): ArrayLike<string | number> {
  return writeJsonElements(output, (_name, bytes) => `{"b64":"${Buffer.from(bytes).toString('base64')}"}`);
}

function nestElements(elements: ArrayLike<string | number>, start: number, shape: readonly number[]): string {
  const [size, ...inner] = shape;
  if (size === undefined) return String(elements[start]);
  const step = elementCount(inner);
  const parts = Array.from({ length: size }, (_, index) =>
    nestElements(elements, start + index * step, inner),
  );
  return `[${parts.join(',')}]`;
}
