import { elementProblem } from './elements.ts';
import { flatten, type Segments, segmentsOf } from './segments.ts';

const LENGTH_BYTES = 4;

/** Encodes the elements of a BYTES tensor, each as a 4-byte little-endian length and its bytes. */
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

/**
 * The same for texts and bytes, without an array per text. A text with a lone surrogate is refused, because UTF-8 can
 * only hold another character in its place.
 */
export function encodeTextElements(
  elements: readonly unknown[],
  fail: (problem: string) => Error,
  wanted: string,
): Segments {
  let byteLength = 0;
  for (const [index, element] of elements.entries()) {
    byteLength += LENGTH_BYTES;
    if (element instanceof Uint8Array) byteLength += element.byteLength;
    else if (typeof element !== 'string') throw fail(elementProblem(index, element, wanted));
    else if (element.isWellFormed()) byteLength += Buffer.byteLength(element);
    else throw fail(elementProblem(index, element, 'a string without lone surrogates (BYTES)'));
  }
  const flat = Buffer.from(new ArrayBuffer(byteLength));
  let offset = 0;
  for (const element of elements as readonly (string | Uint8Array)[]) {
    const start = offset + LENGTH_BYTES;
    if (typeof element !== 'string') flat.set(element, start);
    const length = typeof element === 'string' ? flat.write(element, start) : element.byteLength;
    flat.writeUInt32LE(length, offset);
    offset = start + length;
  }
  return segmentsOf(new Uint8Array(flat.buffer));
}

/** Decodes the elements; throws a RangeError when a length points past the end. */
export function decodeBytesElements(data: Segments): Uint8Array[] {
  const flat = flatten(data);
  const offsets = elementOffsets(flat);
  const elements: Uint8Array[] = [];
  for (let index = 0; index + 1 < offsets.length; index++) {
    elements.push(flat.subarray((offsets[index] as number) + LENGTH_BYTES, offsets[index + 1]));
  }
  return elements;
}

/** The offset of each element and the end of the last one: one more entry than there are elements. */
export function elementOffsets(flat: Uint8Array): number[] {
  const offsets = [0];
  walkElements(segmentsOf(flat), (end) => offsets.push(end));
  return offsets;
}

/** Counts the elements without a list of them and without joining the chunks. */
export function countElements(data: Segments): number {
  let count = 0;
  walkElements(data, () => {
    count += 1;
  });
  return count;
}

/** Calls `ended` with the end of each element; throws a RangeError when a length points past the end. */
function walkElements({ chunks, byteLength }: Segments, ended: (end: number) => void): void {
  let index = 0;
  let offset = 0;
  let chunkAt = 0;
  let chunkStart = 0;
  const byteAt = (place: number): number => {
    while (place >= chunkStart + (chunks[chunkAt] as Uint8Array).byteLength) {
      chunkStart += (chunks[chunkAt] as Uint8Array).byteLength;
      chunkAt += 1;
    }
    return (chunks[chunkAt] as Uint8Array)[place - chunkStart] as number;
  };
  for (; offset < byteLength; index++) {
    if (offset + LENGTH_BYTES > byteLength) {
      throw new RangeError(`string element ${index} has an incomplete length`);
    }
    const length =
      byteAt(offset) +
      byteAt(offset + 1) * 0x100 +
      byteAt(offset + 2) * 0x10000 +
      byteAt(offset + 3) * 0x1000000;
    offset += LENGTH_BYTES + length;
    if (offset > byteLength) {
      throw new RangeError(`string element ${index} has length ${length}, but the data ends before its end`);
    }
    ended(offset);
  }
}
