import type { Duplex } from 'node:stream';

/** A stream of bytes in both directions, as channels need it. */
export interface Pipe {
  /** To be called once. `closed` comes when everything has been read, and nothing after it. */
  listen(listener: { data(chunk: Buffer): void; closed(): void }): void;
  /** Writes the pieces in one call to the system; nothing happens once it is closed. */
  write(pieces: readonly Uint8Array[]): void;
  destroy(): void;
}

/** A pipe of the system. */
export class StreamPipe implements Pipe {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  listen(listener: { data(chunk: Buffer): void; closed(): void }): void {
    this.#stream.on('data', (chunk: Buffer) => listener.data(chunk));
    // A pipe whose other end is gone reports EPIPE or ECONNRESET; that it closes says all there is to say.
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
