import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import { messageOf, type Refusal, refuse } from '../../base/errors.ts';
import { BodyBlocks, GATHER_FROM_BYTES } from '../../gateway/body-blocks.ts';
import type { BodyReservation } from '../../gateway/body-budget.ts';
import { type Admission, noRoom, tooLarge } from '../../gateway/header-check.ts';
import type { Segments } from '../../tensor/segments.ts';

/** Overhead of keeping a chunk, in bytes: a body in tiny chunks takes more memory than its bytes. */
const CHUNK_COST_BYTES = 256;

/**
 * A body in transit, collected in the chunks it arrives in, decompressed if needed. It ends as soon as it passes a limit.
 * A class, because a getter in an object literal gives every object a hidden class of its own, which keeps the request
 * alive until a collection of the old generation.
 */
export class IncomingBody {
  readonly #req: IncomingMessage;
  readonly #admission: Admission;
  readonly #reservation: BodyReservation;
  readonly #done: (body: Segments | Refusal) => void;
  readonly #decoder: Gunzip | Inflate | undefined;
  #chunks: Uint8Array[] = [];
  #blocks: BodyBlocks | undefined;
  #byteLength = 0;
  #heldBytes = 0;
  #isDone = false;

  /** `done` is called once, or never when the client disconnects first: then the response closes. */
  constructor(
    req: IncomingMessage,
    admission: Admission,
    reservation: BodyReservation,
    done: (body: Segments | Refusal) => void,
  ) {
    this.#req = req;
    this.#admission = admission;
    this.#reservation = reservation;
    this.#done = done;
    this.#decoder = decoderOf(admission);
    const source: Readable = this.#decoder === undefined ? req : req.pipe(this.#decoder);
    source.on('data', (chunk: Buffer) => this.#add(chunk));
    source.on('end', () => this.#end());
    this.#decoder?.on('error', (error) => {
      this.refuse(
        refuse('MALFORMED', `the body is not valid ${admission.encoding} data: ${messageOf(error)}`),
      );
    });
  }

  /** Bytes that have arrived, after decompression. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Ends it before it is complete: `done` gets the refusal. Does nothing after `done`. */
  refuse(refusal: Refusal): void {
    if (this.#isDone) return;
    this.drop();
    this.#done(refusal);
  }

  /** The client has disconnected: releases what has arrived, unless `done` was called. */
  drop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#chunks = [];
    this.#blocks?.free();
    if (this.#decoder === undefined) return;
    this.#req.unpipe(this.#decoder);
    this.#decoder.destroy();
  }

  #add(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#byteLength += chunk.byteLength;
    this.#heldBytes += Math.max(chunk.byteLength, CHUNK_COST_BYTES);
    const { maxBodyBytes } = this.#admission;
    if (this.#byteLength > maxBodyBytes) {
      this.refuse(tooLarge(maxBodyBytes, this.#byteLength));
      return;
    }
    const why = this.#reservation.cover(this.#heldBytes);
    if (why === undefined) this.#keep(chunk);
    else this.refuse(noRoom(why));
  }

  #keep(chunk: Buffer): void {
    if (this.#blocks === undefined && this.#byteLength > GATHER_FROM_BYTES) {
      this.#blocks = new BodyBlocks();
      for (const each of this.#chunks) this.#blocks.add(each);
      this.#chunks = [];
    }
    if (this.#blocks === undefined) this.#chunks.push(chunk);
    else this.#blocks.add(chunk);
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done({ chunks: this.#blocks?.take() ?? this.#chunks, byteLength: this.#byteLength });
  }
}

function decoderOf({ encoding }: Admission): Gunzip | Inflate | undefined {
  if (encoding === 'gzip') return createGunzip();
  return encoding === 'deflate' ? createInflate() : undefined;
}
