import type { Pipe } from '../../process/wire/pipe.ts';

/**
 * Both ends of a pipe in memory. What the gateway writes is read at once; what the child writes is read when its
 * owner delivers it.
 */
export class SimulatedPipe implements Pipe {
  readonly #onWrite: (chunk: Buffer) => void;
  #listener: Parameters<Pipe['listen']>[0] | undefined;
  #isClosed = false;

  /** `onWrite` is the child's end: it gets what the gateway writes. */
  constructor(onWrite: (chunk: Buffer) => void) {
    this.#onWrite = onWrite;
  }

  listen(listener: Parameters<Pipe['listen']>[0]): void {
    this.#listener = listener;
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    for (const piece of pieces) this.#onWrite(Buffer.from(piece));
  }

  destroy(): void {
    this.#isClosed = true;
  }

  /** The child has written. */
  deliver(chunk: Uint8Array): void {
    if (!this.#isClosed && chunk.byteLength > 0) this.#listener?.data(Buffer.from(chunk));
  }

  /** The child's end is closed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.closed();
  }
}
