import { ServingError } from '../base/errors.ts';
import { decodeBytesElements, encodeTextElements } from './bytes-elements.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { elementProblem, encodeElements } from './elements.ts';
import { type HalfDatatype, halfToNumber } from './half.ts';
import { flattenNested } from './nested.ts';
import { flatten, type Segments } from './segments.ts';
import { elementCount, type Tensor, typedArrayOf } from './tensor.ts';

// A byte order mark is kept as part of the text.
const fromUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Encodes the `data` of a tensor, which is one flat list or lists nested exactly as the shape. Every element must be
 * valid for the datatype; floats are rounded to the nearest.
 */
export function readJsonData(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  data: unknown,
): Segments {
  if (!Array.isArray(data)) {
    throw invalid(`input '${name}': data is ${kindOf(data)}, wanted an array of ${datatype} elements`);
  }
  const elements: readonly unknown[] = isNested(data) ? readNested(name, shape, data) : data;
  const wanted = elementCount(shape);
  if (elements.length !== wanted) {
    throw invalid(
      `input '${name}': shape [${shape.join(',')}] requires ${wanted} elements, data has ${elements.length}; ` +
        'shape does not match true shape of the data',
    );
  }
  const fail = (problem: string) => invalid(`input '${name}': ${problem}`);
  // The simple form can also hold bytes.
  if (datatype === 'BYTES') return encodeTextElements(elements, fail, 'a string (BYTES)');
  if (datatype === 'BOOL') {
    const index = elements.findIndex((element) => typeof element !== 'boolean');
    if (index >= 0) throw fail(elementProblem(index, elements[index], 'true or false (BOOL)'));
  }
  return encodeElements(datatype, elements, fail);
}

/** A loop, because a call for each number takes as long as the rest of reading it. */
function isNested(data: readonly unknown[]): boolean {
  for (const element of data) if (typeof element === 'object' && Array.isArray(element)) return true;
  return false;
}

function readNested(name: string, shape: readonly number[], data: readonly unknown[]): unknown[] {
  return flattenNested(data, shape, (place, problem) =>
    invalid(
      `input '${name}': data${place} ${problem}: nested data must have shape [${shape.join(',')}] in every row, ` +
        'or be one flat list; shape does not match true shape of the data',
    ),
  );
}

/** The `data` member of an answer as JSON text: flat, with NaN and infinities as bare tokens. */
export function writeJsonData(tensor: Tensor): string {
  return writePlainFloats(tensor) ?? `[${writeJsonElements(tensor).join(',')}]`;
}

/** Memory that is used again for each text. */
const scratch: number[] = [];
/** Longest list that is written so. */
const MAX_PLAIN = 8 * 1024;

/** Floats that JSON has a form for, by the engine's writer of lists, which is the fastest; undefined for all others. */
function writePlainFloats({ datatype, data }: Tensor): string | undefined {
  if (datatype !== 'FP32' && datatype !== 'FP64') return undefined;
  const array = typedArrayOf(datatype, data) as NumberArray;
  if (array.length > MAX_PLAIN) return undefined;
  // Cut or appended to, and never longer than what is in it: the engine treats lists with holes more slowly.
  if (scratch.length > array.length) scratch.length = array.length;
  for (let index = 0; index < array.length; index++) {
    const value = array[index] as number;
    if (!Number.isFinite(value) || Object.is(value, -0)) return undefined;
    scratch[index] = value;
  }
  return JSON.stringify(scratch);
}

/** Characters of a number with all its digits. */
const LONGEST_NUMBER = 20;

/** Approximate upper bound of the JSON size of a tensor in bytes, without writing the JSON. */
export function jsonBytesOf({ datatype, shape, data }: Tensor): number {
  return datatype === 'BYTES' ? data.byteLength : elementCount(shape) * LONGEST_NUMBER;
}

/** Writes an element of BYTES that is not valid UTF-8, or throws. */
export type BytesWriter = (output: string, element: Uint8Array) => string;

/** Each element as JSON text, row-major. Numbers are written so that they read back to the same bits. */
export function writeJsonElements(
  tensor: Tensor,
  writeBytes: BytesWriter = refuseBytes,
): readonly string[] | NumberArray {
  const { name, datatype, data } = tensor;
  switch (DATATYPES[datatype].kind) {
    case 'half':
      return Array.from(typedArrayOf(datatype, data) as Uint16Array, (bits) =>
        writeNumber(halfToNumber(datatype as HalfDatatype, bits)),
      );
    case 'bytes':
      return decodeBytesElements(data).map((element) => writeString(element) ?? writeBytes(name, element));
    case 'bool':
      return Array.from(flatten(data), (bit) => (bit === 0 ? 'false' : 'true'));
    default: {
      const array = typedArrayOf(datatype, data) as NumberArray;
      return hasNegativeZero(array) ? Array.from(array, writeNumber) : array;
    }
  }
}

/** Any array of numbers; number and BigInt arrays behave alike here, but have no common signature. */
type NumberArray = Float64Array;

function hasNegativeZero(array: NumberArray): boolean {
  for (let index = 0; index < array.length; index++) if (Object.is(array[index], -0)) return true;
  return false;
}

/** Written as -0.0, because many readers parse `-0` as the integer 0, which has no sign. */
function writeNumber(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** undefined when the bytes are not valid UTF-8. */
function writeString(element: Uint8Array): string | undefined {
  try {
    return JSON.stringify(fromUtf8.decode(element));
  } catch {
    return undefined;
  }
}

function refuseBytes(output: string): never {
  throw invalid(
    `output '${output}' holds bytes that are not valid UTF-8; request it with parameters.binary_data`,
  );
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_INPUT', message);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null ? 'null' : typeof value;
}
