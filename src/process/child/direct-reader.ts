import { readSync, writevSync } from 'node:fs';
import { HEADER_BYTES, MAX_FRAME_BYTES, type ParsedHeader, padding, parseHeader } from '../wire/wire.ts';

/** A frame in the memory of its reader, which the next read overwrites. */
export interface DirectFrame extends ParsedHeader {
  readonly meta: Buffer;
  readonly payload: Buffer;
}

const FIRST_BYTES = 256 * 1024;

/** Reads frames from a pipe. It blocks its thread while there is none. */
export class DirectReader {
  readonly #descriptor: number;
  // Not from a pool: frames are multiples of 8 bytes, so numbers stay aligned from the start of a buffer on.
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #from = 0;
  #to = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** The next frame; undefined when the gateway has closed the pipe. Throws a RangeError for bytes that are no frame. */
  next(): DirectFrame | undefined {
    if (!this.#have(HEADER_BYTES)) return undefined;
    const header = parseHeader(this.#bytes, this.#from);
    if (typeof header === 'string') throw new RangeError(header);
    if (header.bodyBytes > MAX_FRAME_BYTES - HEADER_BYTES) throw new RangeError('frame too large');
    if (!this.#have(HEADER_BYTES + header.bodyBytes)) return undefined;
    const at = this.#from + HEADER_BYTES;
    const metaEnd = at + header.metaBytes;
    const end = at + header.bodyBytes;
    this.#from = end;
    return {
      ...header,
      meta: this.#bytes.subarray(at, metaEnd),
      payload: this.#bytes.subarray(Math.min(metaEnd + padding(header.metaBytes), end), end),
    };
  }

  /** Reads until so many bytes are there; false when the pipe is closed before. */
  #have(byteLength: number): boolean {
    if (this.#to - this.#from >= byteLength) return true;
    this.#makeRoom(byteLength);
    while (this.#to - this.#from < byteLength) {
      const count = readSync(
        this.#descriptor,
        this.#bytes,
        this.#to,
        this.#bytes.byteLength - this.#to,
        null,
      );
      if (count === 0) return false;
      this.#to += count;
    }
    return true;
  }

  #makeRoom(byteLength: number): void {
    if (this.#from === 0 && byteLength <= this.#bytes.byteLength) return;
    const old = this.#bytes;
    if (byteLength > old.byteLength) this.#bytes = Buffer.allocUnsafeSlow(byteLength);
    old.copy(this.#bytes, 0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}

/** Writes the pieces to a pipe; blocks its thread until the other end has room for them. */
export function writeDirectly(descriptor: number, pieces: readonly Uint8Array[]): void {
  let left = [...pieces];
  while (left.length > 0) {
    let written = writevSync(descriptor, left);
    while (left.length > 0 && written >= (left[0] as Uint8Array).byteLength) {
      written -= (left[0] as Uint8Array).byteLength;
      left = left.slice(1);
    }
    if (written > 0) left[0] = (left[0] as Uint8Array).subarray(written);
  }
}
