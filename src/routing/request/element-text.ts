import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import { elementBytes } from '../../tensor/datatype.ts';
import { numbersOf } from '../../tensor/numbers.ts';
import { sliceSegments } from '../../tensor/segments.ts';
import { type Tensor, typedArrayOf } from '../../tensor/tensor.ts';

/** The first element of a tensor as text: BYTES as UTF-8, numbers in decimals. The tensor must have one. */
export function firstElementText(tensor: Tensor): string {
  const { datatype, data } = tensor;
  if (datatype === 'BYTES') return textsOf(tensor)[0] ?? '';
  const first = { ...tensor, shape: [1], data: sliceSegments(data, 0, elementBytes(datatype)) };
  return String((numbersOf(first) ?? typedArrayOf(datatype, first.data))[0]);
}

/** All elements of a BYTES tensor as texts. */
export function textsOf({ data }: Tensor): string[] {
  return decodeBytesElements(data).map((bytes) => Buffer.from(bytes).toString('utf8'));
}
