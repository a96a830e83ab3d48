import { numbersOf } from '../tensor/numbers.ts';
import { flatten } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * How close two answers must be. `tolerance` is a share of the largest number of the tensor, because rounding errors
 * scale with the summands. 8-bit whole numbers come from quantization: a difference of one level is also rounding,
 * unless all differ.
 */
export interface Closeness {
  readonly tolerance: number;
  readonly allowsLevels: boolean;
}

/** Another run of the same kernels on the same shapes, with the same rounding. */
export const SAME_KERNELS: Closeness = { tolerance: 1e-5, allowsLevels: false };
/** The same row in a batch of another size: sums have another order, and quantized numbers may differ by a level. */
export const OTHER_SIZE: Closeness = { tolerance: 3e-2, allowsLevels: true };

const MOST_LEVELS_OFF = 0.1;

/** Whether two answers are equal within the tolerance. */
export function sameAnswer(one: readonly Tensor[], other: readonly Tensor[], closeness: Closeness): boolean {
  return (
    one.length === other.length &&
    one.every((tensor, index) => sameTensor(tensor, other[index] as Tensor, closeness))
  );
}

export function sameTensor(one: Tensor, other: Tensor, { tolerance, allowsLevels }: Closeness): boolean {
  if (!sameForm(one, other)) return false;
  const [a, b] = [numbersOf(one), numbersOf(other)];
  if (a === undefined || b === undefined) return sameBytes(one, other);
  const isSmall = one.datatype === 'UINT8' || one.datatype === 'INT8';
  if (isSmall && allowsLevels) return sameLevels(a, b);
  return isFloat(one) ? sameFloats(a, b, tolerance) : sameBytes(one, other);
}

/** Whether two tensors have the same datatype and sizes. */
export function sameForm(one: Tensor, other: Tensor): boolean {
  return (
    one.datatype === other.datatype &&
    one.shape.length === other.shape.length &&
    one.shape.every((size, axis) => size === other.shape[axis])
  );
}

function isFloat({ datatype }: Tensor): boolean {
  return datatype.startsWith('FP') || datatype === 'BF16';
}

function sameBytes(one: Tensor, other: Tensor): boolean {
  return Buffer.compare(flatten(one.data), flatten(other.data)) === 0;
}

function sameFloats(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): boolean {
  const allowed = tolerance * largestOf(a);
  for (let index = 0; index < a.length; index++) {
    const [one, other] = [a[index] as number, b[index] as number];
    // Infinities and NaN must be in the same places.
    if (!(Math.abs(one - other) <= allowed) && one !== other && !(Number.isNaN(one) && Number.isNaN(other))) {
      return false;
    }
  }
  return true;
}

function sameLevels(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let off = 0;
  for (let index = 0; index < a.length; index++) {
    const apart = Math.abs((a[index] as number) - (b[index] as number));
    if (apart > 1) return false;
    off += apart;
  }
  return off <= MOST_LEVELS_OFF * a.length;
}

function largestOf(numbers: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < numbers.length; index++) {
    const size = Math.abs(numbers[index] as number);
    if (size > largest && size !== Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}
