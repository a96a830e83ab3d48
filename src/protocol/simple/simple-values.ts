import type { TensorMetadata } from '../../model/model-metadata.ts';
import { readJsonData } from '../../tensor/json-codec.ts';
import { flattenNested, nestedShape } from '../../tensor/nested.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import { invalid, isJsonObject, type JsonObject } from '../http/json-text.ts';

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** One value of the simple form: its elements, row-major, and the shape of its nesting. */
interface Value {
  readonly shape: readonly number[];
  readonly elements: readonly unknown[];
}

/**
 * Builds an input from one value per instance, flat or nested. When the model defines the shape of a row, a flat value
 * needs only the right number of elements.
 */
export function readRows(input: TensorMetadata, values: readonly unknown[]): Tensor {
  const rows = values.map((value, index) => readValue(`input '${input.name}' of instance ${index}`, value));
  const [first] = rows;
  const wanted = input.shape.slice(1);
  const rowShape = wanted.includes(-1) ? (first?.shape ?? []) : wanted;
  rows.forEach(({ shape }, index) => {
    if (fits(shape, rowShape)) return;
    throw invalid(
      `input '${input.name}' of instance ${index} has shape [${shape.join(',')}], wanted [${rowShape.join(',')}]` +
        `${wanted.includes(-1) ? ' as instance 0 has' : ''}: every instance must have the same number of elements`,
    );
  });
  return tensorOf(
    input,
    [rows.length, ...rowShape],
    rows.flatMap(({ elements }) => elements),
  );
}

/** Builds an input from one value that holds the whole input. */
export function readWhole(input: TensorMetadata, given: unknown): Tensor {
  const { shape, elements } = readValue(`input '${input.name}'`, given);
  if (input.anyRank === true) return tensorOf(input, shape, elements);
  // When only the first axis is open, the length of the list defines it.
  const known = input.shape.map((size, axis) => (axis === 0 && size === -1 ? (shape[0] ?? 1) : size));
  return tensorOf(input, !known.includes(-1) && fits(shape, known) ? known : shape, elements);
}

function tensorOf(
  { name, datatype }: TensorMetadata,
  shape: readonly number[],
  elements: readonly unknown[],
) {
  return { name, datatype, shape, data: readJsonData(name, datatype, shape, elements) };
}

function readValue(whose: string, given: unknown): Value {
  const shape = nestedShape(given);
  const elements = flattenNested(given, shape, (place, problem) =>
    invalid(`${whose}: value${place} ${problem}: all lists of one level must have the same length`),
  );
  return { shape, elements: elements.map((element) => readBase64(whose, element)) };
}

/** Whether both have the same number of elements and, unless one is flat, the same nesting. Sizes of 1 are ignored. */
function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  if (elementCount(shape) !== elementCount(wanted)) return false;
  const [given, expected] = [shape, wanted].map((sizes) => sizes.filter((size) => size !== 1));
  if (given === undefined || expected === undefined || given.length < 2 || expected.length < 2) return true;
  return given.join() === expected.join();
}

/** Whether a value is `{"b64": "…"}`, which stands for the encoded bytes in place of a text. */
export function isBase64(value: unknown): value is JsonObject & { readonly b64: string } {
  return isJsonObject(value) && typeof value.b64 === 'string' && Object.keys(value).length === 1;
}

function readBase64(whose: string, element: unknown): unknown {
  if (!isBase64(element)) return element;
  const { b64 } = element;
  // Node would drop a digit that is alone in the last group.
  if (!BASE64.test(b64) || b64.replaceAll('=', '').length % 4 === 1)
    throw invalid(`${whose}: b64 is '${b64.slice(0, 40)}', wanted base64`);
  return Buffer.from(b64, 'base64');
}
