import { DATATYPES, type Datatype } from './datatype.ts';
import { type HalfDatatype, numberToHalf } from './half.ts';
import type { Segments } from './segments.ts';
import { allocateArray, bytesOf } from './tensor.ts';

/** A datatype whose elements are numbers. */
export type NumericDatatype = Exclude<Datatype, 'BYTES'>;

/** Converts a value to an array element of the datatype; undefined where the datatype has no such element. */
type ElementReader = (value: unknown) => number | bigint | undefined;

/** For an 8-, 16- or 32-bit integer with the given bounds. */
function wholeNumber(min: number, max: number): ElementReader {
  return (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) return undefined;
    return number < min || number > max ? undefined : number;
  };
}

/** A number beyond 2^53 may already be rounded, so only a BigInt is accepted there. */
function bigWholeNumber(min: bigint, max: bigint): ElementReader {
  return (value) => {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined;
    const big = BigInt(value as number | bigint);
    return big < min || big > max ? undefined : big;
  };
}

/** Rounded to the nearest; a finite number that would become infinite is not an element. */
function float(round: (value: number) => number): ElementReader {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const number = Number(value);
    const isSpecial = typeof value === 'number' && !Number.isFinite(value);
    return isSpecial || Number.isFinite(round(number)) ? number : undefined;
  };
}

function half(datatype: HalfDatatype): ElementReader {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const number = Number(value);
    if (typeof value === 'bigint' && !Number.isFinite(number)) return undefined;
    return numberToHalf(datatype, number);
  };
}

function bool(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === 0 || value === 1 ? value : undefined;
}

const READERS: Readonly<Record<NumericDatatype, ElementReader>> = {
  BOOL: bool,
  UINT8: wholeNumber(DATATYPES.UINT8.min, DATATYPES.UINT8.max),
  UINT16: wholeNumber(DATATYPES.UINT16.min, DATATYPES.UINT16.max),
  UINT32: wholeNumber(DATATYPES.UINT32.min, DATATYPES.UINT32.max),
  UINT64: bigWholeNumber(DATATYPES.UINT64.min, DATATYPES.UINT64.max),
  INT8: wholeNumber(DATATYPES.INT8.min, DATATYPES.INT8.max),
  INT16: wholeNumber(DATATYPES.INT16.min, DATATYPES.INT16.max),
  INT32: wholeNumber(DATATYPES.INT32.min, DATATYPES.INT32.max),
  INT64: bigWholeNumber(DATATYPES.INT64.min, DATATYPES.INT64.max),
  FP16: half('FP16'),
  BF16: half('BF16'),
  FP32: float(Math.fround),
  FP64: float((value) => value),
};

/**
 * Encodes numbers as elements of a datatype: floats are rounded to the nearest, all others must be exact. `fail` makes
 * the error to throw from the problem of the first element that cannot be encoded.
 */
export function encodeElements(
  datatype: NumericDatatype,
  values: ArrayLike<unknown>,
  fail: (problem: string) => Error,
): Segments {
  const array = allocateArray(datatype, values.length);
  const read = READERS[datatype];
  for (let index = 0; index < values.length; index++) {
    const element = read(values[index]);
    if (element === undefined) throw fail(elementProblem(index, values[index], wantedOf(datatype)));
    array[index] = element as never;
  }
  return bytesOf(array);
}

/** The problem of a value that is not an element: what it is, and what was wanted. */
export function elementProblem(index: number, value: unknown, wanted: string): string {
  return `element ${index} is ${shown(value)}, wanted ${wanted}`;
}

function wantedOf(datatype: NumericDatatype): string {
  const facts = DATATYPES[datatype];
  switch (facts.kind) {
    case 'bool':
      return 'true or false (BOOL)';
    case 'integer':
      return `a whole number from ${facts.min} to ${facts.max} (${datatype})`;
    case 'bigint':
      return `a whole number from ${facts.min} to ${facts.max} (${datatype}), with all its digits`;
    default:
      return `a number within the range of ${datatype}`;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'bigint') return shownDigits(value.toString());
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 40);
}

function shownDigits(digits: string): string {
  return digits.length <= 40 ? digits : `${digits.slice(0, 20)}… (${digits.length} digits)`;
}
