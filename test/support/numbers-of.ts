import { decodeBytesElements } from '../../src/tensor/bytes-elements.ts';
import { segmentsOf } from '../../src/tensor/segments.ts';
import { typedArrayOf } from '../../src/tensor/tensor.ts';
import { halfValue } from './onnx/halves.ts';
import type { PlainTensor } from './tensor-asking.ts';

/** Every element of a tensor: numbers, 64-bit integers as BigInt, or texts. */
export function elementsOf({ datatype, bytes }: PlainTensor): readonly (number | bigint | string)[] {
  const data = segmentsOf(bytes);
  if (datatype === 'BYTES') {
    return decodeBytesElements(data).map((element) => Buffer.from(element).toString());
  }
  const array: readonly (number | bigint)[] = Array.from(
    typedArrayOf(datatype, data) as Iterable<number | bigint>,
  );
  return datatype === 'FP16' ? array.map((bits) => halfValue(Number(bits))) : array;
}
