import { NO_BYTES, type Segments, segmentsFrom, segmentsOf, sliceSegments } from '../../tensor/segments.ts';
import {
  type Frame,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  type ParsedHeader,
  padding,
  parseHeader,
} from './wire.ts';

/** The most bytes that may follow a header. */
export type FrameLimit = (header: ParsedHeader) => number;

/** Cuts a stream of bytes, however it is chopped up, into frames. Bodies stay views on the chunks they came in. */
export class FrameReader {
  #chunks: Buffer[] = [];
  /** Bytes of the first chunk that are already read. */
  #offset = 0;
  /** Bytes not yet read. */
  #bytes = 0;
  #header: ParsedHeader | undefined;
  readonly #limit: FrameLimit;

  /** `limit` says what a frame may promise; nothing of a larger one is waited for. */
  constructor(limit: FrameLimit = () => MAX_FRAME_BYTES) {
    this.#limit = limit;
  }

  /**
   * Takes in a chunk and reports every frame that is now complete. A text is returned when the stream is no
   * stream of frames; the reader is of no use from then on.
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
          return `a frame of kind ${header.kind} and ${header.bodyBytes} bytes, more than ${mostBytes}`;
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
    // Nearly always the header lies in one chunk, and is read where it lies.
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
