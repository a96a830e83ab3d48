import { flatten, type Segments, segmentsOf } from './segments.ts';

const LENGTH_BYTES = 4;

/** Writes the elements of a BYTES tensor: each a 4-byte little-endian length and its bytes. */
export function encodeBytesElements(elements: readonly Uint8Array[]): Segments {
  let byteLength = 0;
  for (const element of elements) byteLength += LENGTH_BYTES + element.byteLength;
  const flat = new Uint8Array(byteLength);
  const view = new DataView(flat.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.byteLength, true);
    flat.set(element, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + element.byteLength;
  }
  return segmentsOf(flat);
}

/** Reads the elements back; throws a RangeError when a length points past the end. */
export function decodeBytesElements(data: Segments): Uint8Array[] {
  const flat = flatten(data);
  const offsets = elementOffsets(flat);
  const elements: Uint8Array[] = [];
  for (let index = 0; index + 1 < offsets.length; index++) {
    elements.push(flat.subarray((offsets[index] as number) + LENGTH_BYTES, offsets[index + 1]));
  }
  return elements;
}

/** Where each element begins, and last the end of all: one more entry than there are elements. */
export function elementOffsets(flat: Uint8Array): number[] {
  const view = new DataView(flat.buffer, flat.byteOffset, flat.byteLength);
  const offsets = [0];
  let offset = 0;
  while (offset < flat.byteLength) {
    const index = offsets.length - 1;
    if (offset + LENGTH_BYTES > flat.byteLength) {
      throw new RangeError(`string element ${index} has an incomplete length`);
    }
    const length = view.getUint32(offset, true);
    offset += LENGTH_BYTES + length;
    if (offset > flat.byteLength) {
      throw new RangeError(`string element ${index} says ${length} bytes but the data ends before`);
    }
    offsets.push(offset);
  }
  return offsets;
}
