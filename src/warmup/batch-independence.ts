import { DATATYPES } from '../tensor/datatype.ts';
import { flatten } from '../tensor/segments.ts';
import { type Tensor, typedArrayOf } from '../tensor/tensor.ts';

/** Rounding differs with the size of the batch, but not by more. */
export const ROUNDING_TOLERANCE = 1e-3;

/**
 * Whether two answers to the same row say the same. Floats may differ by rounding, since a larger batch may
 * be summed in another order; everything else must be equal.
 */
export function sameAnswer(one: readonly Tensor[], other: readonly Tensor[], tolerance: number): boolean {
  return (
    one.length === other.length &&
    one.every((tensor, index) => sameTensor(tensor, other[index] as Tensor, tolerance))
  );
}

function sameTensor(one: Tensor, other: Tensor, tolerance: number): boolean {
  if (one.data.byteLength !== other.data.byteLength) return false;
  if (DATATYPES[one.datatype].kind !== 'float') {
    const bytes = flatten(other.data);
    return flatten(one.data).every((byte, index) => byte === bytes[index]);
  }
  const a = typedArrayOf(one.datatype, one.data) as Float64Array;
  const b = typedArrayOf(other.datatype, other.data) as Float64Array;
  return a.every((value, index) => sameNumber(value, b[index] as number, tolerance));
}

function sameNumber(a: number, b: number, tolerance: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a));
}
