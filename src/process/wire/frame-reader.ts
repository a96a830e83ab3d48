import { NO_BYTES, type Segments, segmentsFrom, segmentsOf, sliceSegments } from '../../tensor/segments.ts';
import {
  type Frame,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  type ParsedHeader,
  padding,
  parseHeader,
} from './wire.ts';

/** The maximum number of body bytes after a header. */
export type FrameLimit = (header: ParsedHeader) => number;

/** Splits a byte stream into frames. Bodies are views of the received chunks. */
export class FrameReader {
  #chunks: Buffer[] = [];
  /** Bytes of the first chunk that have been read. */
  #offset = 0;
  /** Bytes that have not been read. */
  #bytes = 0;
  #header: ParsedHeader | undefined;
  readonly #limit: FrameLimit;

  /** `limit` bounds the body that a header announces. A frame above it is an error at once. */
  constructor(limit: FrameLimit = () => MAX_FRAME_BYTES) {
    this.#limit = limit;
  }

  /**
   * Takes a chunk and reports each frame that is now complete. Returns an error text when the stream is malformed;
   * the reader must not be used after that.
   */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): string | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    for (;;) {
      if (this.#header === undefined) {
        if (this.#bytes < HEADER_BYTES) return undefined;
        const header = this.#readHeader();
        if (typeof header === 'string') return header;
        const mostBytes = this.#limit(header);
        if (header.bodyBytes > mostBytes) {
          return `frame of kind ${header.kind} has ${header.bodyBytes} bytes, the limit is ${mostBytes}`;
        }
        this.#header = header;
      }
      if (this.#bytes < this.#header.bodyBytes) return undefined;
      const frame = this.#readBody(this.#header);
      this.#header = undefined;
      onFrame(frame);
    }
  }

  #readHeader(): ParsedHeader | string {
    const first = this.#chunks[0];
    // The header usually lies in one chunk and is read in place.
    if (first !== undefined && first.byteLength - this.#offset >= HEADER_BYTES) {
      const header = parseHeader(first, this.#offset);
      this.#skip(HEADER_BYTES);
      return header;
    }
    return parseHeader(Buffer.concat(this.#take(HEADER_BYTES).chunks), 0);
  }

  #readBody({ kind, flags, slot, incarnation, batch, member, bodyBytes, metaBytes }: ParsedHeader): Frame {
    const metaEnd = Math.min(metaBytes + padding(metaBytes), bodyBytes);
    const first = this.#chunks[0];
    let meta: Buffer;
    if (first !== undefined && first.byteLength - this.#offset >= metaBytes) {
      meta = first.subarray(this.#offset, this.#offset + metaBytes);
      this.#skip(metaEnd);
    } else {
      meta = Buffer.concat(this.#take(metaEnd).chunks).subarray(0, metaBytes);
    }
    const payload = bodyBytes === metaEnd ? NO_BYTES : this.#take(bodyBytes - metaEnd);
    return { kind, flags, slot, incarnation, batch, member, meta, payload };
  }

  #take(byteLength: number): Segments {
    const first = this.#chunks[0];
    const start = this.#offset;
    const isInFirst = first !== undefined && first.byteLength - start >= byteLength;
    const taken = isInFirst
      ? segmentsOf(first.subarray(start, start + byteLength))
      : sliceSegments(segmentsFrom(this.#chunks), start, start + byteLength);
    this.#skip(byteLength);
    return taken;
  }

  #skip(byteLength: number): void {
    this.#bytes -= byteLength;
    this.#offset += byteLength;
    let consumed = 0;
    for (let first = this.#chunks[0]; first !== undefined && this.#offset >= first.byteLength; ) {
      this.#offset -= first.byteLength;
      first = this.#chunks[++consumed];
    }
    if (consumed > 0) this.#chunks = this.#chunks.slice(consumed);
  }
}
