import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './protobuf.ts';

/** Bytes per read. Names and attributes are close together, and weights are skipped. */
const WINDOW = 16 * 1024;

/** Opens a file for `use`, which reads only parts of it. Throws the errors of the file system. */
export function withFileBytes<T>(file: string, use: (source: ByteSource) => T): T {
  const descriptor = openSync(file, 'r');
  try {
    return use(new FileBytes(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file through a window that moves to the requested position. */
class FileBytes implements ByteSource {
  readonly length: number;
  readonly #descriptor: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.length = fstatSync(descriptor).size;
  }

  read(from: number, to: number): Uint8Array {
    const isInside = from >= this.#windowStart && to <= this.#windowStart + this.#window.length;
    if (!isInside) {
      this.#window = this.#fetch(from, Math.max(to, from + WINDOW));
      this.#windowStart = from;
    }
    return this.#window.subarray(from - this.#windowStart, to - this.#windowStart);
  }

  #fetch(from: number, to: number): Buffer {
    const wanted = Buffer.alloc(Math.min(to, this.length) - from);
    let length = 0;
    while (length < wanted.length) {
      const read = readSync(this.#descriptor, wanted, length, wanted.length - length, from + length);
      if (read === 0) break;
      length += read;
    }
    return wanted.subarray(0, length);
  }
}
