import type { Segments } from '../../tensor/segments.ts';
import { COPY_BELOW_BYTES, type FrameHeader, HEADER_BYTES, padding, writeHeader } from './wire.ts';

const ZEROS = new Uint8Array(8);

/**
 * Turns frames into pieces to write. Small pieces, including headers and paddings, are copied together; large ones
 * are passed on without a copy.
 */
export class FrameEncoder {
  readonly #pieces: Uint8Array[] = [];
  #small: Uint8Array[] = [];
  #smallBytes = 0;

  /** Each payload starts at a multiple of 8 bytes from the frame's start. */
  add(header: FrameHeader, meta: Uint8Array, payloads: readonly Segments[]): void {
    const metaPadding = padding(meta.byteLength);
    let bodyBytes = meta.byteLength + metaPadding;
    for (const payload of payloads) bodyBytes += payload.byteLength + padding(payload.byteLength);
    const head = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(head, header, bodyBytes, meta.byteLength);
    this.#push(head);
    this.#push(meta);
    this.#pad(metaPadding);
    for (const payload of payloads) {
      for (const chunk of payload.chunks) this.#push(chunk);
      this.#pad(padding(payload.byteLength));
    }
  }

  /** Returns the pieces to write, in order, and empties the encoder. */
  finish(): Uint8Array[] {
    this.#flushSmall();
    return this.#pieces.splice(0);
  }

  #push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    if (piece.byteLength < COPY_BELOW_BYTES) {
      this.#small.push(piece);
      this.#smallBytes += piece.byteLength;
    } else {
      this.#flushSmall();
      this.#pieces.push(piece);
    }
  }

  #pad(bytes: number): void {
    if (bytes > 0) this.#push(ZEROS.subarray(0, bytes));
  }

  #flushSmall(): void {
    if (this.#small.length === 0) return;
    // Not from a pool, because the piece may be transferred to another thread together with its memory.
    const joined = Buffer.allocUnsafeSlow(this.#smallBytes);
    let offset = 0;
    for (const piece of this.#small) {
      joined.set(piece, offset);
      offset += piece.byteLength;
    }
    this.#pieces.push(joined);
    this.#small = [];
    this.#smallBytes = 0;
  }
}
