import { DATATYPES } from './datatype.ts';
import { type HalfDatatype, halfToNumber } from './half.ts';
import { type Tensor, typedArrayOf } from './tensor.ts';

/** The elements of a tensor as numbers, halves decoded; undefined for BYTES and for 64-bit integers. */
export function numbersOf({ datatype, data }: Tensor): ArrayLike<number> | undefined {
  const { kind } = DATATYPES[datatype];
  if (kind === 'bytes' || kind === 'bigint') return undefined;
  const array = typedArrayOf(datatype, data) as Uint16Array;
  return kind === 'half'
    ? Float64Array.from(array, (bits) => halfToNumber(datatype as HalfDatatype, bits))
    : array;
}
