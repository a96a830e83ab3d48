import { DATATYPE_NAMES, type Datatype, elementBytes } from '../../tensor/datatype.ts';
import { type Segments, sliceSegments } from '../../tensor/segments.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { padding } from './wire.ts';

/**
 * Encoding of tensors: a table of names, shapes and lengths, followed by the data. Tensors are matched by name, so
 * that the two sides cannot confuse inputs. A row of the table is: datatype u8, rank u8, name length u16, 4 unused
 * bytes, byte length f64, sizes f64 each (exact to 2^53), the name in UTF-8 padded to a multiple of 8.
 */
export function tensorTableBytes(tensors: readonly Tensor[]): number {
  let bytes = 8;
  for (const tensor of tensors) {
    const nameBytes = nameBytesOf(tensor.name).byteLength;
    bytes += 16 + 8 * tensor.shape.length + nameBytes + padding(nameBytes);
  }
  return bytes;
}

/** Writes the table at `offset` and returns its end. */
export function writeTensorTable(target: Buffer, offset: number, tensors: readonly Tensor[]): number {
  let at = target.writeUInt32LE(tensors.length, offset) + 4;
  for (const tensor of tensors) {
    const name = nameBytesOf(tensor.name);
    target[at] = DATATYPE_NAMES.indexOf(tensor.datatype);
    target[at + 1] = tensor.shape.length;
    target.writeUInt16LE(name.byteLength, at + 2);
    at = target.writeDoubleLE(tensor.data.byteLength, at + 8);
    for (const size of tensor.shape) at = target.writeDoubleLE(size, at);
    target.set(name, at);
    at += name.byteLength + padding(name.byteLength);
  }
  return at;
}

/**
 * Reads the table at `offset` and locates each tensor's bytes in the payload. Returns the tensors in the order of
 * `names`; throws a RangeError when the table is malformed.
 */
export function readTensorTable(
  meta: Buffer,
  offset: number,
  payload: Segments,
  names: readonly { readonly name: string }[],
): Tensor[] {
  const count = meta.readUInt32LE(offset);
  if (count !== names.length) throw new RangeError(`${count} tensors, expected ${names.length}`);
  const rows = new TableRows(meta, offset + 8, payload);
  let isInOrder = true;
  const tensors = names.map(({ name }): Tensor => {
    const tensor = rows.next(name);
    isInOrder &&= tensor.name === name;
    return tensor;
  });
  return isInOrder ? tensors : names.map(({ name }) => named(name, tensors));
}

const MOST_TENSORS = 1024;

/** As `readTensorTable`, for tensors of any names, in the order of the table. */
export function readAnyTensors(meta: Buffer, offset: number, payload: Segments): Tensor[] {
  const count = meta.readUInt32LE(offset);
  if (count > MOST_TENSORS) throw new RangeError(`${count} tensors, the limit is ${MOST_TENSORS}`);
  const rows = new TableRows(meta, offset + 8, payload);
  return Array.from({ length: count }, () => rows.next(''));
}

class TableRows {
  readonly #meta: Buffer;
  readonly #payload: Segments;
  #at: number;
  #start = 0;

  constructor(meta: Buffer, at: number, payload: Segments) {
    this.#meta = meta;
    this.#at = at;
    this.#payload = payload;
  }

  /** The tensor of the next row; its name is decoded only if it is not the expected one. */
  next(expected: string): Tensor {
    const meta = this.#meta;
    let at = this.#at;
    const datatype = DATATYPE_NAMES[meta.readUInt8(at)];
    const rank = meta.readUInt8(at + 1);
    const nameBytes = meta.readUInt16LE(at + 2);
    const byteLength = meta.readDoubleLE(at + 8);
    at += 16;
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++, at += 8) shape.push(meta.readDoubleLE(at));
    const isExpected = nameBytesOf(expected).equals(meta.subarray(at, at + nameBytes));
    const name = isExpected ? expected : meta.toString('utf8', at, at + nameBytes);
    this.#at = at + nameBytes + padding(nameBytes);
    if (datatype === undefined) throw new RangeError(`tensor '${name}' has an unknown datatype`);
    checkSizes(name, datatype, shape, byteLength);
    const data = sliceSegments(this.#payload, this.#start, this.#start + byteLength);
    this.#start += byteLength + padding(byteLength);
    return { name, datatype, shape, data };
  }
}

/** Lengths that follow from the shape must match it, because the sum of lengths locates the data that follows. */
function checkSizes(name: string, datatype: Datatype, shape: readonly number[], byteLength: number): void {
  let elements = 1;
  for (const size of shape) elements *= Number.isSafeInteger(size) && size >= 0 ? size : Number.NaN;
  // BYTES elements differ in length; each has its own length prefix.
  const isRight =
    datatype === 'BYTES' ? byteLength >= 4 * elements : byteLength === elements * elementBytes(datatype);
  if (isRight && Number.isSafeInteger(byteLength) && Number.isSafeInteger(elements)) return;
  throw new RangeError(`tensor '${name}' of shape [${shape.join(',')}] has ${byteLength} bytes`);
}

function named(name: string, tensors: readonly Tensor[]): Tensor {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new RangeError(`tensor '${name}' is missing`);
  return found;
}

/** Cached, because models have few names and each is written with every batch. */
const known = new Map<string, Buffer>();
const MOST_KNOWN = 1024;

function nameBytesOf(name: string): Buffer {
  let bytes = known.get(name);
  if (bytes === undefined) {
    bytes = Buffer.from(name);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, bytes);
  }
  return bytes;
}
