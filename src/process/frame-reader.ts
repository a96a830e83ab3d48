import { flatten, type Segments, segmentsOf, sliceSegments } from '../tensor/segments.ts';
import { COPY_BELOW_BYTES, type Frame, HEADER_BYTES, padding, type ParsedHeader, parseHeader } from './wire.ts';

/** Cuts a stream of bytes, however it is chopped up, into frames. */
export class FrameReader {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are already read. */
  #offset = 0;
  /** Bytes not yet read. */
  #bytes = 0;
  #header: ParsedHeader | undefined;

  /**
   * Takes in a chunk and reports every frame that is now complete. A text is returned when the stream is no
   * stream of frames; the reader is of no use from then on.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): string | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    for (;;) {
      if (this.#header === undefined) {
        if (this.#bytes < HEADER_BYTES) return undefined;
        const header = parseHeader(asBuffer(flatten(this.#take(HEADER_BYTES))));
        if (typeof header === 'string') return header;
        this.#header = header;
      }
      const { bodyBytes } = this.#header;
      if (this.#bytes < bodyBytes) return undefined;
      const frame = frameOf(this.#header, this.#take(bodyBytes));
      this.#header = undefined;
      onFrame(frame);
    }
  }

  #take(byteLength: number): Segments {
    const first = this.#chunks[0];
    this.#bytes -= byteLength;
    if (first !== undefined && first.byteLength - this.#offset >= byteLength) {
      const taken = first.subarray(this.#offset, this.#offset + byteLength);
      this.#skip(byteLength);
      return segmentsOf(taken);
    }
    const start = this.#offset;
    const taken = sliceSegments(segmentsOf(...this.#chunks), start, start + byteLength);
    this.#skip(byteLength);
    return taken;
  }

  #skip(byteLength: number): void {
    this.#offset += byteLength;
    let consumed = 0;
    for (let first = this.#chunks[0]; first !== undefined && this.#offset >= first.byteLength; ) {
      this.#offset -= first.byteLength;
      first = this.#chunks[++consumed];
    }
    if (consumed > 0) this.#chunks.splice(0, consumed);
  }
}

function frameOf(header: ParsedHeader, body: Segments): Frame {
  const { metaBytes, bodyBytes, ...rest } = header;
  // A small answer would keep the whole chunk it came in alive; a copy costs less.
  const kept = bodyBytes < COPY_BELOW_BYTES ? segmentsOf(new Uint8Array(flatten(body))) : body;
  return {
    ...rest,
    meta: flatten(sliceSegments(kept, 0, metaBytes)),
    payload: sliceSegments(kept, Math.min(metaBytes + padding(metaBytes), bodyBytes), bodyBytes),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
