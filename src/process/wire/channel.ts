import { guarded } from '../../base/mistake.ts';
import type { Segments } from '../../tensor/segments.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { type FrameLimit, FrameReader } from './frame-reader.ts';
import type { Pipe } from './pipe.ts';
import type { Frame, FrameHeader } from './wire.ts';

/** Receives the events of a channel. */
export interface ChannelListener {
  frame(frame: Frame): void;
  /** The peer violated the protocol; nothing is reported after this. */
  broken(detail: string): void;
  /** The pipe is closed and has been read to the end. */
  closed(): void;
}

/** Frames over a pipe, in both directions. */
export class Channel {
  readonly #pipe: Pipe;
  readonly #encoder = new FrameEncoder();

  constructor(pipe: Pipe, listener: ChannelListener, limit?: FrameLimit) {
    const reader = new FrameReader(limit);
    let isBroken = false;
    this.#pipe = pipe;
    pipe.listen({
      data: (chunk) => {
        if (isBroken) return;
        const problem = reader.push(chunk, (frame) => guarded('a frame', () => listener.frame(frame)));
        if (problem === undefined) return;
        isBroken = true;
        guarded('a broken pipe', () => listener.broken(problem));
      },
      closed: () => guarded('the end of a pipe', () => listener.closed()),
    });
  }

  send(header: FrameHeader, meta: Uint8Array, payloads: readonly Segments[]): void {
    this.#encoder.add(header, meta, payloads);
    this.sendPieces(this.#encoder.finish());
  }

  /** Writes the output of an encoder. */
  sendPieces(pieces: readonly Uint8Array[]): void {
    this.#pipe.write(pieces);
  }

  destroy(): void {
    this.#pipe.destroy();
  }
}
