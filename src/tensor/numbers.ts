import { DATATYPES } from './datatype.ts';
import { type Tensor, typedArrayOf } from './tensor.ts';

/** The elements of a tensor as numbers, halves decoded; undefined for texts, and for integers that no double holds. */
export function numbersOf({ datatype, data }: Tensor): ArrayLike<number> | undefined {
  const { kind } = DATATYPES[datatype];
  if (kind === 'bytes' || kind === 'bigint') return undefined;
  const array = typedArrayOf(datatype, data) as Uint16Array;
  if (kind !== 'half') return array;
  return Float64Array.from(array, datatype === 'FP16' ? numberOfHalf : numberOfBrain);
}

/** What 16 bits of FP16 stand for. */
function numberOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** What 16 bits of BF16 stand for: the upper half of an FP32. */
function numberOfBrain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
