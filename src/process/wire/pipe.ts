import type { Duplex } from 'node:stream';

/** A byte stream in both directions. */
export interface Pipe {
  /** Call once. `closed` is called after all data has been delivered, and is the last call. */
  listen(listener: { data(chunk: Buffer): void; closed(): void }): void;
  /** Writes the pieces in one system call; does nothing once the pipe is closed. */
  write(pieces: readonly Uint8Array[]): void;
  destroy(): void;
}

/** A pipe of the operating system. */
export class StreamPipe implements Pipe {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  listen(listener: { data(chunk: Buffer): void; closed(): void }): void {
    this.#stream.on('data', (chunk: Buffer) => listener.data(chunk));
    // A pipe whose other end is gone emits EPIPE or ECONNRESET. The close event is sufficient.
    this.#stream.on('error', () => {});
    this.#stream.on('close', () => listener.closed());
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#stream.destroyed) return;
    if (pieces.length === 1) {
      this.#stream.write(pieces[0]);
      return;
    }
    this.#stream.cork();
    for (const piece of pieces) this.#stream.write(piece);
    this.#stream.uncork();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
