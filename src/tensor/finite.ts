import { DATATYPES } from './datatype.ts';
import { type Tensor, typedArrayOf } from './tensor.ts';

/** Whether a float tensor holds NaN (`nan`), or NaN or an infinity (`all`); other datatypes cannot. */
export function hasForbiddenFloat(tensor: Tensor, forbidden: 'nan' | 'all'): boolean {
  if (DATATYPES[tensor.datatype].kind !== 'float') return false;
  const array = typedArrayOf(tensor.datatype, tensor.data) as Float64Array;
  if (forbidden === 'nan') {
    for (let index = 0; index < array.length; index++) if (Number.isNaN(array[index])) return true;
  } else {
    for (let index = 0; index < array.length; index++) if (!Number.isFinite(array[index])) return true;
  }
  return false;
}
