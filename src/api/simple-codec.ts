import { ServingError } from '../base/errors.ts';
import type { InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import { readJsonData, writeJsonElements } from '../tensor/json-codec.ts';
import type { Segments } from '../tensor/segments.ts';
import { elementCount, type Tensor } from '../tensor/tensor.ts';
import { isJsonObject, parseRequestJson } from './json-text.ts';

/**
 * Reads the form people type by hand, `{"instances": [...]}`: one instance a row, nested as the model's shape
 * or flat; for a model of several inputs an object by input name.
 */
export function readPredictRequest(
  model: string,
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
  body: Segments,
): InferenceRequest {
  const { instances } = parseRequestJson(body);
  if (!Array.isArray(instances) || instances.length === 0) {
    throw new ServingError(
      'MALFORMED',
      `wanted {"instances": [...]} with at least one instance for model '${model}'`,
    );
  }
  if (!hasBatchAxis && instances.length > 1) {
    throw new ServingError(
      'INVALID_INPUT',
      `model '${model}' takes one instance at a time, got ${instances.length}: send several requests`,
    );
  }
  const inputs = metadata.inputs.map((input) => {
    const values = instances.map((instance, index) => valueFor(metadata, input, instance, index));
    return readInput(input, hasBatchAxis ? values : values[0]);
  });
  return { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

function valueFor(metadata: ModelMetadata, input: TensorMetadata, instance: unknown, index: number): unknown {
  if (!isJsonObject(instance)) {
    if (metadata.inputs.length === 1) return instance;
    const names = metadata.inputs.map(({ name }) => `"${name}": …`).join(', ');
    throw new ServingError('INVALID_INPUT', `instance ${index} must be an object {${names}}`);
  }
  const value = instance[input.name];
  if (value !== undefined) return value;
  throw new ServingError(
    'INVALID_INPUT',
    `instance ${index} has no '${input.name}'; it has ${Object.keys(instance).slice(0, 20).join(', ') || 'nothing'}`,
  );
}

function readInput({ name, datatype, shape: wanted }: TensorMetadata, value: unknown): Tensor {
  const nested = nestedShape(value);
  const shape = fitShape(nested, wanted);
  const list = Array.isArray(value) ? value : [value];
  return { name, datatype, shape, data: readJsonData(name, datatype, shape, list) };
}

function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner) && shape.length < 100; inner = inner[0])
    shape.push(inner.length);
  return shape;
}

/** A picture may come flat where the model wants rows and columns, or the other way round: only the count must agree. */
function fitShape(nested: readonly number[], wanted: readonly number[]): readonly number[] {
  const rows = wanted[0] === -1 ? (nested[0] ?? 1) : wanted[0];
  const known = rows === undefined ? [] : [rows, ...wanted.slice(1)];
  return !known.includes(-1) && elementCount(known) === elementCount(nested) ? known : nested;
}

/** Writes `{"predictions": [...]}`: one row each, for a model of several outputs an object by output name. */
export function writePredictAnswer(outputs: readonly Tensor[], hasBatchAxis: boolean): Buffer {
  const byOutput = outputs.map((output) => (hasBatchAxis ? writeRows(output) : [nest(output, output.shape)]));
  const rows = byOutput[0]?.length ?? 0;
  const predictions = Array.from({ length: rows }, (_, row) => {
    if (outputs.length === 1) return byOutput[0]?.[row];
    return `{${outputs.map(({ name }, index) => `${JSON.stringify(name)}:${byOutput[index]?.[row]}`).join(',')}}`;
  });
  return Buffer.from(`{"predictions":[${predictions.join(',')}]}`);
}

function writeRows(output: Tensor): string[] {
  const [rows = 0, ...rowShape] = output.shape;
  const elements = writeJsonElements(output);
  const perRow = elementCount(rowShape);
  return Array.from({ length: rows }, (_, row) => nestElements(elements, row * perRow, rowShape));
}

function nest(output: Tensor, shape: readonly number[]): string {
  return nestElements(writeJsonElements(output), 0, shape);
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
