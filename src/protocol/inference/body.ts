import { type Refusal, refuse } from '../../base/errors.ts';
import type { ArrivingCall } from '../../gateway/arriving-call.ts';
import { BodyBlocks, GATHER_FROM_BYTES } from '../../gateway/body-blocks.ts';
import { noRoom, tooLarge } from '../../gateway/header-check.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { BodyListener, HttpExchange } from '../http/http-exchange.ts';

/** Overhead of keeping a chunk, in bytes: a body in tiny chunks takes more memory than its bytes. */
const CHUNK_COST_BYTES = 256;

/**
 * A body in transit, collected in the chunks it arrives in. It ends as soon as it passes a limit. A class, because a
 * getter in an object literal gives every object a hidden class of its own, which keeps the request alive until a
 * collection of the old generation.
 */
export class IncomingBody implements BodyListener {
  readonly #exchange: HttpExchange;
  readonly #call: ArrivingCall;
  readonly #done: (body: Segments | Refusal) => void;
  #chunks: Uint8Array[] = [];
  #blocks: BodyBlocks | undefined;
  #byteLength = 0;
  #heldBytes = 0;
  #isDone = false;

  /** `done` is called once, or never when the client disconnects first: then the exchange is closed. */
  constructor(exchange: HttpExchange, call: ArrivingCall, done: (body: Segments | Refusal) => void) {
    this.#exchange = exchange;
    this.#call = call;
    this.#done = done;
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
    this.#exchange.stopReading();
  }

  data(chunk: Uint8Array): void {
    if (this.#isDone) return;
    this.#byteLength += chunk.byteLength;
    this.#heldBytes += Math.max(chunk.byteLength, CHUNK_COST_BYTES);
    const { maxBodyBytes } = this.#call.admission;
    if (this.#byteLength > maxBodyBytes) {
      this.refuse(tooLarge(maxBodyBytes, this.#byteLength));
      return;
    }
    const why = this.#call.reservation.cover(this.#heldBytes);
    if (why === undefined) this.#keep(chunk);
    else this.refuse(noRoom(why));
  }

  invalid(detail: string): void {
    this.refuse(
      refuse('MALFORMED', `the body is not valid ${this.#call.admission.encoding} data: ${detail}`),
    );
  }

  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done({ chunks: this.#blocks?.take() ?? this.#chunks, byteLength: this.#byteLength });
  }

  #keep(chunk: Uint8Array): void {
    const isLarge = this.#byteLength > GATHER_FROM_BYTES && this.#call.reservation.isCrowded;
    if (this.#blocks === undefined && isLarge) {
      this.#blocks = new BodyBlocks();
      for (const each of this.#chunks) this.#blocks.add(each);
      this.#chunks = [];
    }
    if (this.#blocks !== undefined) this.#blocks.add(chunk);
    // Mostly the first chunk is the only one, and a list of one takes less memory than a list that grows.
    else if (this.#chunks.length === 0) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }
}
