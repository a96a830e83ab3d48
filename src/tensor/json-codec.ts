import { ServingError } from '../base/errors.ts';
import { decodeBytesElements, encodeBytesElements } from './bytes-elements.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { MAX_JSON_DEPTH, tooDeep } from './json-scan.ts';
import { flatten, type Segments } from './segments.ts';
import { allocateArray, bytesOf, elementCount, type Tensor, typedArrayOf } from './tensor.ts';

const toUtf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Turns the `data` of a tensor, flat or nested, into bytes. Only the number of elements is compared with the
 * shape, as the protocol has it; every element must be one that the datatype can hold exactly.
 */
export function readJsonData(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  data: unknown,
): Segments {
  if (DATATYPES[datatype].kind === 'half') {
    throw invalid(`input '${name}': ${datatype} has no JSON form; send it with parameters.binary_data_size`);
  }
  if (!Array.isArray(data)) {
    throw invalid(`input '${name}': data is ${kindOf(data)}, wanted an array of ${datatype} elements`);
  }
  const wanted = elementCount(shape);
  const found = countLeaves(data);
  if (found !== wanted) {
    throw invalid(
      `input '${name}': shape [${shape.join(',')}] wants ${wanted} elements, data has ${found}; ` +
        'shape does not match true shape of the data',
    );
  }
  if (datatype === 'BYTES') return readStrings(name, data);
  const array = allocateArray(datatype, wanted);
  const read = READERS[DATATYPES[datatype].kind as keyof typeof READERS];
  let index = 0;
  forEachLeaf(data, (leaf) => {
    array[index] = read(leaf, datatype, name, index) as never;
    index += 1;
  });
  return bytesOf(array);
}

const READERS = {
  bool(leaf: unknown, _datatype: Datatype, name: string, index: number): number {
    if (typeof leaf !== 'boolean') throw badElement(name, index, leaf, 'true or false');
    return leaf ? 1 : 0;
  },
  integer(leaf: unknown, datatype: Datatype, name: string, index: number): number {
    const { min, max } = boundsOf(datatype);
    if (typeof leaf !== 'number' || !Number.isInteger(leaf) || leaf < min || leaf > max) {
      throw badElement(name, index, leaf, `a whole number from ${min} to ${max} (${datatype})`);
    }
    return leaf;
  },
  bigint(leaf: unknown, datatype: Datatype, name: string, index: number): bigint {
    const { min, max } = boundsOf(datatype);
    const exact = typeof leaf === 'bigint' || (typeof leaf === 'number' && Number.isSafeInteger(leaf));
    if (!exact || leaf < min || leaf > max) {
      throw badElement(name, index, leaf, `a whole number from ${min} to ${max} (${datatype})`);
    }
    return BigInt(leaf);
  },
  float(leaf: unknown, datatype: Datatype, name: string, index: number): number {
    if (typeof leaf === 'number') return leaf;
    if (typeof leaf === 'bigint') return Number(leaf);
    throw badElement(name, index, leaf, `a number (${datatype})`);
  },
};

/** The `data` member of an answer as JSON text: flat, with NaN and infinities as bare tokens. */
export function writeJsonData(tensor: Tensor): string {
  return `[${writeJsonElements(tensor).join(',')}]`;
}

/** Characters that a number takes when all its digits count. */
const LONGEST_NUMBER = 20;

/** About how many bytes a tensor takes as JSON, at most: its text is only written when somebody wants it. */
export function jsonBytesOf({ datatype, shape, data }: Tensor): number {
  return datatype === 'BYTES' ? data.byteLength : elementCount(shape) * LONGEST_NUMBER;
}

/** Each element as JSON text, row-major. Numbers are written so that reading them gives the same bits. */
export function writeJsonElements(tensor: Tensor): readonly string[] | NumberArray {
  const { name, datatype, data } = tensor;
  switch (DATATYPES[datatype].kind) {
    case 'half':
      throw new ServingError(
        'INVALID_INPUT',
        `output '${name}': ${datatype} has no JSON form; ask for it with parameters.binary_data`,
      );
    case 'bytes':
      return decodeBytesElements(data).map((element) => writeString(name, element));
    case 'bool':
      return Array.from(flatten(data), (bit) => (bit === 0 ? 'false' : 'true'));
    default: {
      const array = typedArrayOf(datatype, data) as NumberArray;
      return hasNegativeZero(array) ? Array.from(array, writeNumber) : array;
    }
  }
}

/** Any array of numbers: what is done with them here, BigInt arrays do alike, but they share no signature. */
type NumberArray = Float64Array;

function hasNegativeZero(array: NumberArray): boolean {
  for (let index = 0; index < array.length; index++) if (Object.is(array[index], -0)) return true;
  return false;
}

function writeNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function writeString(name: string, element: Uint8Array): string {
  try {
    return JSON.stringify(fromUtf8.decode(element));
  } catch {
    throw new ServingError(
      'INVALID_INPUT',
      `output '${name}' holds bytes that are no UTF-8 text; ask for it with parameters.binary_data`,
    );
  }
}

function readStrings(name: string, data: readonly unknown[]): Segments {
  const elements: Uint8Array[] = [];
  forEachLeaf(data, (leaf) => {
    if (typeof leaf !== 'string') throw badElement(name, elements.length, leaf, 'a string (BYTES)');
    elements.push(toUtf8.encode(leaf));
  });
  return encodeBytesElements(elements);
}

function countLeaves(data: readonly unknown[]): number {
  if (!data.some(Array.isArray)) return data.length;
  let count = 0;
  forEachLeaf(data, () => {
    count += 1;
  });
  return count;
}

/** Row-major, and without recursion beyond the depth that is allowed. */
function forEachLeaf(data: readonly unknown[], visit: (leaf: unknown) => void, depth = 1): void {
  if (depth > MAX_JSON_DEPTH) throw tooDeep();
  for (const item of data) {
    if (Array.isArray(item)) forEachLeaf(item, visit, depth + 1);
    else visit(item);
  }
}

function boundsOf(datatype: Datatype): { min: number | bigint; max: number | bigint } {
  const facts = DATATYPES[datatype];
  if (!('min' in facts)) throw new Error(`${datatype} has no bounds`);
  return facts;
}

function badElement(name: string, index: number, leaf: unknown, wanted: string): ServingError {
  const came = typeof leaf === 'string' ? JSON.stringify(leaf.slice(0, 40)) : String(leaf).slice(0, 40);
  return invalid(`input '${name}': element ${index} is ${came}, wanted ${wanted}`);
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_INPUT', message);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null ? 'null' : typeof value;
}
