import type { Refusal } from '../../base/errors.ts';
import type { CallMetadata } from '../../gateway/call-metadata.ts';
import type { ContentEncoding } from '../../gateway/header-check.ts';

/** Receives the body of a request. */
export interface BodyListener {
  data(chunk: Uint8Array): void;
  end(): void;
  /** The body is not valid in its content encoding; nothing follows. */
  invalid(detail: string): void;
}

/** A successful answer, ready to be sent. */
export interface HttpAnswer {
  readonly contentType: string;
  /** Bytes of JSON before the tensors; undefined when the whole body is JSON. */
  readonly jsonBytes: number | undefined;
  readonly contentEncoding: string | undefined;
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks. */
  readonly byteLength: number;
}

/** Writes a body of unknown length. */
export interface BodyWriter {
  /** False when the client has not read what was written before: wait until it has. */
  write(chunk: Uint8Array): boolean;
  whenDrained(then: () => void): void;
  end(): void;
}

/** One HTTP request and its answer, whichever reader took the request from the socket. */
export interface HttpExchange {
  readonly metadata: CallMetadata;
  /** The server has paused reading from the connection. */
  readonly isPaused: boolean;
  /** Called once, when the answer is sent or the connection is closed before. */
  whenClosed: ((isSent: boolean) => void) | undefined;
  /** Delivers the decompressed body. Call at most once. */
  readBody(encoding: ContentEncoding, listener: BodyListener): void;
  /** Delivers no more of the body. */
  stopReading(): void;
  /** Adds a field to the answer. */
  setHeader(name: string, value: string): void;
  send(answer: HttpAnswer): void;
  /** Begins a successful answer whose body is written piece by piece. */
  openBody(contentType: string): BodyWriter;
  refuse(refusal: Refusal): void;
  /** Refuses the request although its body may still be arriving. */
  refuseEarly(refusal: Refusal): void;
  /** Ends the request after an internal error: refuses it, or breaks off an answer that has begun. */
  fail(refusal: Refusal): void;
}

/** A request that is not answered yet, as its connection sees it. */
export interface OpenRequest {
  /** Its body has arrived. */
  readonly isComplete: boolean;
  refuseEarly(refusal: Refusal): void;
  /** The connection is closed: the request ends without an answer. */
  lose(): void;
}
