import { DATATYPES } from './datatype.ts';
import { type Tensor, typedArrayOf } from './tensor.ts';

/** The exponent bits of the 16-bit floats: all of them set is an infinity, or NaN when the mantissa is not zero. */
const HALF_EXPONENTS = { FP16: 0x7c00, BF16: 0x7f80 } as const;
const SIGN = 0x8000;

/** Whether a float tensor holds NaN (`nan`), or NaN or an infinity (`all`); other datatypes cannot. */
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

/** Looking at every number would cost as much as small models take; what begins to go wrong shows in a part soon. */
const MOST_LOOKED_AT = 16_384;

/** Whether NaN or an infinity is among the first numbers of a float tensor. */
export function mayHoldNonFinite(tensor: Tensor): boolean {
  const { datatype, data } = tensor;
  if (DATATYPES[datatype].kind !== 'float') return false;
  const array = typedArrayOf(datatype, data) as Float64Array;
  const end = Math.min(array.length, MOST_LOOKED_AT);
  // What is not finite stays so in a difference with itself, and in a sum.
  let sum = 0;
  for (let index = 0; index < end; index++) sum += (array[index] as number) - (array[index] as number);
  return sum !== 0;
}
