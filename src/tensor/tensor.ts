import { type Datatype, elementBytes } from './datatype.ts';
import { flattenAligned, type Segments, segmentsOf } from './segments.ts';

/** A tensor in the wire format: little-endian, row-major, without padding. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Sizes from the outermost axis inwards; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: Segments;
}

/** Number of elements of a shape: 1 for a scalar, 0 when any axis is empty. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Size of a shape in bytes; undefined for BYTES, whose elements differ. */
export function byteSize(datatype: Datatype, shape: readonly number[]): number | undefined {
  const width = elementBytes(datatype);
  return width === 0 ? undefined : elementCount(shape) * width;
}

/** The typed array for each datatype; halves are 16-bit patterns. */
const ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  BYTES: Uint8Array,
} as const satisfies Record<Datatype, unknown>;

export interface ArrayOf {
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  FP16: Uint16Array;
  BF16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
  BYTES: Uint8Array;
}

export type TensorArray = ArrayOf[Datatype];

/** The payload as a typed array, for BYTES as raw bytes. Copies only if it is not one aligned piece. */
export function typedArrayOf(datatype: Datatype, data: Segments): TensorArray {
  const width = Math.max(elementBytes(datatype), 1);
  const flat = flattenAligned(data, width);
  return new ARRAYS[datatype](flat.buffer as ArrayBuffer, flat.byteOffset, flat.byteLength / width);
}

/** A new zeroed array of `length` elements; for BYTES, of `length` bytes. */
export function allocateArray(datatype: Datatype, length: number): TensorArray {
  return new ARRAYS[datatype](length);
}

export function bytesOf(array: ArrayBufferView): Segments {
  return segmentsOf(new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength));
}

/** Bytes of the data of several tensors. */
export function dataBytes(tensors: readonly Pick<Tensor, 'data'>[]): number {
  let bytes = 0;
  for (const { data } of tensors) bytes += data.byteLength;
  return bytes;
}
