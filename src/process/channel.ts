import type { Duplex } from 'node:stream';
import type { Segments } from '../tensor/segments.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { FrameReader } from './frame-reader.ts';
import type { Frame, FrameHeader } from './wire.ts';

/** What a channel tells its owner. */
export interface ChannelListener {
  frame(frame: Frame): void;
  /** The peer broke the protocol; nothing more will be reported. */
  broken(detail: string): void;
  /** The pipe is closed and everything in it has been read. */
  closed(): void;
}

/** Frames over a pipe, in both directions. */
export class Channel {
  readonly #pipe: Duplex;
  readonly #encoder = new FrameEncoder();
  #isBroken = false;

  constructor(pipe: Duplex, listener: ChannelListener) {
    const reader = new FrameReader();
    this.#pipe = pipe;
    pipe.on('data', (chunk: Buffer) => {
      if (this.#isBroken) return;
      const problem = reader.push(chunk, (frame) => listener.frame(frame));
      if (problem === undefined) return;
      this.#isBroken = true;
      listener.broken(problem);
    });
    // A pipe whose other end is gone reports EPIPE or ECONNRESET; that it closes says all there is to say.
    pipe.on('error', () => {});
    pipe.on('close', () => listener.closed());
  }

  send(header: FrameHeader, meta: Uint8Array, payloads: readonly Segments[]): void {
    this.#encoder.add(header, meta, payloads);
    this.sendPieces(this.#encoder.finish());
  }

  /** Writes what an encoder has made, in one call to the system. */
  sendPieces(pieces: readonly Uint8Array[]): void {
    if (this.#pipe.destroyed) return;
    if (pieces.length === 1) {
      this.#pipe.write(pieces[0]);
      return;
    }
    this.#pipe.cork();
    for (const piece of pieces) this.#pipe.write(piece);
    this.#pipe.uncork();
  }

  destroy(): void {
    this.#pipe.destroy();
  }
}
