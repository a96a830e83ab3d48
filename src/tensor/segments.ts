/**
 * A payload as the list of chunks it arrived in. Slicing and joining copy no bytes; only reading numbers needs one
 * contiguous piece.
 */
export interface Segments {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

export const NO_BYTES: Segments = { chunks: [], byteLength: 0 };

export function segmentsOf(...chunks: readonly Uint8Array[]): Segments {
  return segmentsFrom(chunks);
}

/** Like `segmentsOf` for lists of any length, because the number of arguments of a call is limited. */
export function segmentsFrom(chunks: readonly Uint8Array[]): Segments {
  let byteLength = 0;
  for (const chunk of chunks) byteLength += chunk.byteLength;
  return { chunks, byteLength };
}

/** Bytes of several payloads. */
export function totalBytes(payloads: readonly Segments[]): number {
  let bytes = 0;
  for (const { byteLength } of payloads) bytes += byteLength;
  return bytes;
}

/** The bytes from `start` up to `end`, as views of the same memory. */
export function sliceSegments(segments: Segments, start: number, end: number): Segments {
  if (start < 0 || end < start || end > segments.byteLength) {
    throw new RangeError(`slice ${start}..${end} of ${segments.byteLength} bytes`);
  }
  if (start === 0 && end === segments.byteLength) return segments;
  const [only] = segments.chunks;
  // Mostly there is one chunk. A list of one takes a sixth of the memory of a list that grows.
  if (segments.chunks.length === 1 && only !== undefined && start < end) {
    return { chunks: [only.subarray(start, end)], byteLength: end - start };
  }
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const chunk of segments.chunks) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, chunk.byteLength);
    if (from < to) chunks.push(chunk.subarray(from, to));
    offset += chunk.byteLength;
    if (offset >= end) break;
  }
  return { chunks, byteLength: end - start };
}

export function joinSegments(parts: readonly Segments[]): Segments {
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  for (const part of parts) {
    for (const chunk of part.chunks) chunks.push(chunk);
    byteLength += part.byteLength;
  }
  return { chunks, byteLength };
}

/** One contiguous piece: the chunk itself when there is only one, otherwise a copy. */
export function flatten(segments: Segments): Uint8Array {
  const only = segments.chunks[0];
  if (segments.chunks.length === 1 && only !== undefined) return only;
  const flat = new Uint8Array(segments.byteLength);
  let offset = 0;
  for (const chunk of segments.chunks) {
    flat.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return flat;
}

/** The same bytes in memory of their own. */
export function copySegments(segments: Segments): Segments {
  const flat = flatten(segments);
  return segmentsOf(segments.chunks.length === 1 ? new Uint8Array(flat) : flat);
}

/** One contiguous piece that starts at a multiple of `alignment`, as typed arrays require; copied if necessary. */
export function flattenAligned(segments: Segments, alignment: number): Uint8Array {
  const flat = flatten(segments);
  // Not `slice`: that of a Buffer, as it comes from a socket, is a view of the same memory.
  return flat.byteOffset % alignment === 0 ? flat : new Uint8Array(flat);
}
