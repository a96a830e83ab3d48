import type { Refusal } from '../../base/errors.ts';
import type { CallMetadata } from '../../gateway/call-metadata.ts';
import type { ContentEncoding } from '../../gateway/header-check.ts';
import type {
  BodyListener,
  BodyWriter,
  HttpAnswer,
  HttpExchange,
  OpenRequest,
} from '../http/http-exchange.ts';
import { keepsConnection, refusalAnswer } from '../http/reply.ts';
import { field, fieldLines } from './answer-head.ts';
import type { PlainHead } from './plain-head.ts';

/** The connection of an exchange, as the exchange uses it. */
export interface ExchangeConnection {
  readonly remoteAddress: string | undefined;
  /** How long its present request may have waited, in ms. */
  readonly delayMs: number;
  readonly isPaused: boolean;
  /** Bytes of the body that have not arrived. */
  readonly missingBytes: number;
  /** Sends the answer of the present exchange, and keeps the connection; `fields` are those of its own. */
  send(fields: string, answer: HttpAnswer): void;
  /** Sends a refusal; `fields` are those of its own. */
  refuse(status: number, fields: string, body: RefusalBody): void;
  /** Sends a refusal that is ready, and keeps the connection. */
  answerPrepared(refusal: Refusal): void;
  destroy(): void;
}

/** The body of a refusal, and whether the connection is closed after it. */
export interface RefusalBody {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** A request that the fast lane has read. */
export class FastExchange implements HttpExchange, OpenRequest {
  whenClosed: ((isSent: boolean) => void) | undefined;
  /** Receives the body; undefined when it is not needed. */
  listener: BodyListener | undefined;
  readonly head: PlainHead;
  readonly #connection: ExchangeConnection;
  #fields = '';
  #isAnswered = false;
  #isClosed = false;

  constructor(head: PlainHead, connection: ExchangeConnection) {
    this.head = head;
    this.#connection = connection;
  }

  get metadata(): CallMetadata {
    const { remoteAddress, delayMs } = this.#connection;
    return { fields: this.head.fields, remoteAddress, delayMs };
  }

  get isPaused(): boolean {
    return this.#connection.isPaused;
  }

  get isComplete(): boolean {
    return this.#isClosed || this.#connection.missingBytes === 0;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** A body in another encoding is left to Node. */
  readBody(_encoding: ContentEncoding, listener: BodyListener): void {
    this.listener = listener;
  }

  stopReading(): void {
    this.listener = undefined;
  }

  setHeader(name: string, value: string): void {
    this.#fields += field(name, value);
  }

  send(answer: HttpAnswer): void {
    if (this.#begins()) this.#connection.send(this.#fields, answer);
  }

  /** Requests for such answers are left to Node. */
  openBody(): BodyWriter {
    throw new Error('the fast lane has no body of unknown length');
  }

  refuse(refusal: Refusal): void {
    this.#refuse(refusal, false);
  }

  refuseEarly(refusal: Refusal): void {
    const isKept = this.isComplete || keepsConnection(refusal, this.head.bodyBytes);
    this.#refuse(refusal, !isKept);
  }

  fail(refusal: Refusal): void {
    if (this.#isAnswered) this.#connection.destroy();
    else this.refuse(refusal);
  }

  lose(): void {
    this.closed(false);
  }

  /** The answer is sent, or the connection is closed. */
  closed(isSent: boolean): void {
    this.#isClosed = true;
    const tell = this.whenClosed;
    this.whenClosed = undefined;
    tell?.(isSent);
  }

  #refuse(refusal: Refusal, isLast: boolean): void {
    if (refusal.isPrepared && this.#fields === '' && !isLast) {
      if (this.#begins()) this.#connection.answerPrepared(refusal);
      return;
    }
    const { status, fields, bytes, closes } = refusalAnswer(refusal);
    const text = this.#fields + fieldLines(fields);
    if (this.#begins()) this.#connection.refuse(status, text, { bytes, isLast: isLast || closes });
  }

  /** Whether an answer may be sent: it is the first one, and its connection is open. */
  #begins(): boolean {
    if (this.#isAnswered || this.#isClosed) return false;
    this.#isAnswered = true;
    return true;
  }
}
