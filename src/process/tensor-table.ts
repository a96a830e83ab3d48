import { DATATYPE_NAMES } from '../tensor/datatype.ts';
import { type Segments, sliceSegments } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { padding } from './wire.ts';

/**
 * How tensors travel: shapes and lengths in a table, the bytes behind it. Names stay at home, since both sides
 * know the model's metadata and keep its order. A row of the table is: datatype u8, rank u8, 6 bytes of
 * nothing, byte length f64, sizes f64 each (exact to 2^53).
 */
export function tensorTableBytes(tensors: readonly Tensor[]): number {
  let bytes = 8;
  for (const tensor of tensors) bytes += 16 + 8 * tensor.shape.length;
  return bytes;
}

/** Writes the table at `offset` and returns where it ends. */
export function writeTensorTable(target: Buffer, offset: number, tensors: readonly Tensor[]): number {
  let at = target.writeUInt32LE(tensors.length, offset) + 4;
  for (const tensor of tensors) {
    target[at] = DATATYPE_NAMES.indexOf(tensor.datatype);
    target[at + 1] = tensor.shape.length;
    at = target.writeDoubleLE(tensor.data.byteLength, at + 8);
    for (const size of tensor.shape) at = target.writeDoubleLE(size, at);
  }
  return at;
}

/**
 * Reads the table at `offset` and finds each tensor's bytes in the payload. Throws a RangeError on anything
 * that does not add up.
 */
export function readTensorTable(
  meta: Buffer,
  offset: number,
  payload: Segments,
  names: readonly { readonly name: string }[],
): Tensor[] {
  const count = meta.readUInt32LE(offset);
  if (count !== names.length) throw new RangeError(`${count} tensors where ${names.length} belong`);
  let at = offset + 8;
  let start = 0;
  return names.map(({ name }) => {
    const datatype = DATATYPE_NAMES[meta.readUInt8(at)];
    if (datatype === undefined) throw new RangeError(`tensor '${name}' has no known datatype`);
    const rank = meta.readUInt8(at + 1);
    const byteLength = meta.readDoubleLE(at + 8);
    at += 16;
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++, at += 8) shape.push(meta.readDoubleLE(at));
    const data = sliceSegments(payload, start, start + byteLength);
    start += byteLength + padding(byteLength);
    return { name, datatype, shape, data };
  });
}
