import { DATATYPES } from './datatype.ts';
import { type Tensor, typedArrayOf } from './tensor.ts';

/** Exponent bits of the 16-bit floats. With all of them set, the value is an infinity, or NaN if the mantissa is not 0. */
const HALF_EXPONENTS = { FP16: 0x7c00, BF16: 0x7f80 } as const;
const SIGN = 0x8000;

/** Whether a float tensor contains NaN (`nan`), or NaN or an infinity (`all`); false for other datatypes. */
export function hasForbiddenFloat(tensor: Tensor, forbidden: 'nan' | 'all'): boolean {
  const { datatype, data } = tensor;
  if (datatype === 'FP16' || datatype === 'BF16') {
    const exponent = HALF_EXPONENTS[datatype];
    return (typedArrayOf(datatype, data) as Uint16Array).some((bits) => {
      const magnitude = bits & ~SIGN;
      return forbidden === 'all' ? magnitude >= exponent : magnitude > exponent;
    });
  }
  if (DATATYPES[datatype].kind !== 'float') return false;
  const array = typedArrayOf(datatype, data) as Float64Array;
  if (forbidden === 'nan') {
    for (let index = 0; index < array.length; index++) if (Number.isNaN(array[index])) return true;
  } else {
    for (let index = 0; index < array.length; index++) if (!Number.isFinite(array[index])) return true;
  }
  return false;
}

/** A scan of every number can take as long as a small model runs; a part shows most faults soon. */
const MOST_LOOKED_AT = 16_384;

/** Whether the first numbers of a float tensor contain NaN or an infinity. */
export function mayHoldNonFinite(tensor: Tensor): boolean {
  const { datatype, data } = tensor;
  if (DATATYPES[datatype].kind !== 'float') return false;
  const array = typedArrayOf(datatype, data) as Float64Array;
  const end = Math.min(array.length, MOST_LOOKED_AT);
  // x - x is 0 for a finite x and NaN otherwise, and a sum with NaN is NaN.
  let sum = 0;
  for (let index = 0; index < end; index++) sum += (array[index] as number) - (array[index] as number);
  return sum !== 0;
}
