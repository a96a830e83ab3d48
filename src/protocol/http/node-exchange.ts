import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import type { LoopClock } from '../../base/clock.ts';
import { messageOf, type Refusal } from '../../base/errors.ts';
import type { CallMetadata } from '../../gateway/call-metadata.ts';
import type { ContentEncoding } from '../../gateway/header-check.ts';
import type { BodyListener, BodyWriter, HttpAnswer, HttpExchange, OpenRequest } from './http-exchange.ts';
import { type ErrorForm, plainError, refuseEarly, sendRefusal } from './reply.ts';

/** Smaller answers are joined and sent in one write; larger ones are sent in their pieces, uncopied. */
export const JOIN_BELOW_BYTES = 16 * 1024;

/** What all exchanges of a server share. */
export interface ExchangeTerms {
  readonly clock: LoopClock;
  /** How long a client may leave its answer unread. */
  readonly writeStallMs: number;
  /** The HTTP server of another application, which has answered `Expect: 100-continue` itself. */
  readonly isMounted?: boolean;
}

/** A request that Node's HTTP server has read. */
export class NodeExchange implements HttpExchange, OpenRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  whenClosed: ((isSent: boolean) => void) | undefined;
  /** How its protocol writes refusals. */
  errorForm: ErrorForm = plainError;
  readonly #terms: ExchangeTerms;
  #decoder: Gunzip | Inflate | undefined;

  constructor(terms: ExchangeTerms, req: IncomingMessage, res: ServerResponse) {
    this.#terms = terms;
    this.req = req;
    this.res = res;
  }

  get metadata(): CallMetadata {
    const { delayMs } = this.#terms.clock;
    return { fields: this.req.headers, remoteAddress: this.req.socket.remoteAddress, delayMs };
  }

  get isPaused(): boolean {
    return this.req.socket.isPaused();
  }

  get isComplete(): boolean {
    return this.req.complete;
  }

  readBody(encoding: ContentEncoding, listener: BodyListener): void {
    const { req } = this;
    if (req.headers.expect !== undefined && this.#terms.isMounted !== true) this.res.writeContinue();
    if (encoding === 'identity') {
      req.on('data', (chunk: Buffer) => listener.data(chunk));
      req.on('end', () => listener.end());
      return;
    }
    const decoder = encoding === 'gzip' ? createGunzip() : createInflate();
    this.#decoder = decoder;
    req.pipe(decoder);
    decoder.on('data', (chunk: Buffer) => listener.data(chunk));
    decoder.on('end', () => listener.end());
    decoder.on('error', (error) => listener.invalid(messageOf(error)));
  }

  stopReading(): void {
    if (this.#decoder === undefined) return;
    this.req.unpipe(this.#decoder);
    this.#decoder.destroy();
  }

  setHeader(name: string, value: string): void {
    if (!this.res.headersSent) this.res.setHeader(name, value);
  }

  send(answer: HttpAnswer): void {
    const { res } = this;
    if (res.destroyed) return;
    const { chunks, byteLength } = answer;
    res.writeHead(200, fieldsOf(answer));
    if (chunks.length === 1) {
      res.end(chunks[0]);
    } else if (byteLength < JOIN_BELOW_BYTES) {
      res.end(Buffer.concat(chunks, byteLength));
    } else {
      res.cork();
      for (const chunk of chunks) res.write(chunk);
      res.end();
      res.uncork();
    }
    // Node ends a connection whose timeout passes without a sent byte, and sets its own timeout when all is sent.
    if (res.socket !== null && res.socket.writableLength > 0) {
      res.socket.setTimeout(this.#terms.writeStallMs);
    }
  }

  openBody(contentType: string): BodyWriter {
    const { res } = this;
    res.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
    return {
      write: (chunk) => {
        const hasRoom = res.write(chunk);
        if (!hasRoom) res.socket?.setTimeout(this.#terms.writeStallMs);
        return hasRoom;
      },
      whenDrained: (then) =>
        res.once('drain', () => {
          res.socket?.setTimeout(0);
          then();
        }),
      end: () => res.end(),
    };
  }

  refuse(refusal: Refusal): void {
    sendRefusal(this.res, refusal, this.errorForm);
  }

  refuseEarly(refusal: Refusal): void {
    refuseEarly(this.#terms.clock, this, refusal);
  }

  fail(refusal: Refusal): void {
    if (this.res.headersSent) this.res.destroy();
    else sendRefusal(this.res, refusal, this.errorForm);
  }

  lose(): void {
    // Node emits no `close` on a response that waits behind another one when the connection closes.
    if (!this.res.closed) this.res.emit('close');
  }

  /** The response is closed. */
  closed(): void {
    const tell = this.whenClosed;
    this.whenClosed = undefined;
    tell?.(this.res.writableFinished);
  }
}

/** The fields of a successful answer. */
function fieldsOf({ contentType, jsonBytes, contentEncoding, byteLength }: HttpAnswer) {
  const fields: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': byteLength,
  };
  if (jsonBytes !== undefined) fields['inference-header-content-length'] = jsonBytes;
  if (contentEncoding !== undefined) fields['content-encoding'] = contentEncoding;
  return fields;
}
