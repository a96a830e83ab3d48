import { elementBytes } from './datatype.ts';
import { type Segments, segmentsFrom, sliceSegments } from './segments.ts';
import { allocateArray, elementCount, type Tensor } from './tensor.ts';

/** The tensor padded with `value` to `length` along an axis. The existing data is not copied. */
export function padAxis(tensor: Tensor, axis: number, length: number, value: number): Tensor {
  const own = tensor.shape[axis] ?? 0;
  if (own >= length) return tensor;
  const elements = elementCount(tensor.shape.slice(axis + 1));
  const padding = filled(tensor, (length - own) * elements, value);
  const chunks: Uint8Array[] = [];
  for (const block of blocksOf(tensor, axis)) {
    for (const chunk of block.chunks) chunks.push(chunk);
    chunks.push(padding);
  }
  return { ...tensor, shape: tensor.shape.with(axis, length), data: segmentsFrom(chunks) };
}

/** The tensor cut to `length` along an axis, without copying data. */
export function cutAxis(tensor: Tensor, axis: number, length: number): Tensor {
  const own = tensor.shape[axis] ?? 0;
  if (own <= length) return tensor;
  const keptBytes = length * elementCount(tensor.shape.slice(axis + 1)) * elementBytes(tensor.datatype);
  const chunks = blocksOf(tensor, axis).flatMap((block) => sliceSegments(block, 0, keptBytes).chunks);
  return { ...tensor, shape: tensor.shape.with(axis, length), data: segmentsFrom(chunks) };
}

/** The contiguous blocks from an axis inwards. */
function blocksOf({ shape, datatype, data }: Tensor, axis: number): Segments[] {
  const bytes = elementCount(shape.slice(axis)) * elementBytes(datatype);
  const count = elementCount(shape.slice(0, axis));
  return Array.from({ length: count }, (_, block) => sliceSegments(data, block * bytes, (block + 1) * bytes));
}

function filled({ datatype }: Tensor, elements: number, value: number): Uint8Array {
  const array = allocateArray(datatype, elements);
  if (value !== 0) {
    if (array instanceof BigInt64Array || array instanceof BigUint64Array) array.fill(BigInt(value));
    else array.fill(value);
  }
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
