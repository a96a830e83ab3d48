import { encodeTextElements } from './bytes-elements.ts';
import type { Datatype } from './datatype.ts';
import { encodeElements } from './elements.ts';
import type { Segments } from './segments.ts';
import { allocateArray, bytesOf, type TensorArray } from './tensor.ts';

/** The data of an input tensor: numbers, texts or bytes. */
export type InputData =
  | TensorArray
  | readonly (number | bigint | boolean)[]
  | readonly (string | Uint8Array)[];

/**
 * Encodes an input tensor. An array of the datatype's own type is sent as it is: 16-bit patterns for FP16 and BF16,
 * encoded elements for BYTES. Other data is converted: floats are rounded to the nearest, all others must be exact.
 * Throws a RangeError for data that the datatype cannot represent.
 */
export function encodeInput(name: string, datatype: Datatype, data: InputData): Segments {
  const fail = (problem: string) => new RangeError(`input '${name}': ${problem}`);
  const isTyped = ArrayBuffer.isView(data);
  if (!isTyped && !Array.isArray(data)) {
    throw fail(`data is ${data === null ? 'null' : typeof data}, wanted a typed array or an array`);
  }
  // A Uint8Array for BOOL may contain other values than 0 and 1.
  const own = allocateArray(datatype, 0).constructor as new () => TensorArray;
  if (isTyped && data instanceof own && datatype !== 'BOOL') return bytesOf(data);
  if (datatype !== 'BYTES') return encodeElements(datatype, data, fail);
  if (isTyped) throw fail(`data is a ${data.constructor.name}, wanted texts or bytes (BYTES)`);
  return encodeTextElements(Array.from(data as readonly unknown[]), fail, 'a text or a Uint8Array (BYTES)');
}
