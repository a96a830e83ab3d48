import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { ArrivingCall, CallReader } from '../../gateway/arriving-call.ts';
import type { CallPorts } from '../../gateway/call.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Codec } from '../codec/codec.ts';
import type { ReadTask } from '../codec/codec-task.ts';
import type { CodecJob } from '../codec/codec-threads.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { IncomingBody } from './body.ts';

/** Dependencies that all exchanges share. */
export interface ExchangePorts extends CallPorts {
  readonly codec: Codec;
}

/** One inference request over HTTP, from its headers until its body is decoded. */
export abstract class BodyExchange implements CallReader {
  protected readonly ports: ExchangePorts;
  protected readonly http: HttpExchange;
  /** The current job of a codec thread. */
  protected job: CodecJob | undefined;
  protected abstract readonly call: ArrivingCall;
  #body: IncomingBody | undefined;
  /** The codec is reading the body, and holds its memory even when the client has disconnected. */
  #isReading = false;
  /** The request is refused, or its client has disconnected: results of reading are discarded. */
  #isOver = false;

  constructor(ports: ExchangePorts, http: HttpExchange) {
    this.ports = ports;
    this.http = http;
  }

  /** How the body is decoded. */
  protected abstract readTask(body: Segments): ReadTask | Refusal;
  /** The body is decoded. */
  protected abstract taken(read: OipRequest): void;
  /** A refusal before the request became an entry of its version. */
  protected abstract countRefused(refusal: Refusal): void;
  /** The answer is sent, or the client has disconnected. */
  protected abstract closed(isSent: boolean): void;

  get arrivedBytes(): number {
    return this.#body?.byteLength ?? 0;
  }

  get isPaused(): boolean {
    return this.http.isPaused;
  }

  start(): void {
    this.watch();
    this.#body = new IncomingBody(this.http, this.call, (body) => this.step(this.#bodyRead, body));
    this.http.readBody(this.call.admission.encoding, this.#body);
  }

  refuse(refusal: Refusal): void {
    if (!this.#isReading) {
      this.#body?.refuse(refusal);
      return;
    }
    this.#stopReading();
    this.refuseNow(refusal);
  }

  /** From now on the end of the exchange ends this request. */
  protected watch(): void {
    this.http.whenClosed = (isSent) => this.step(this.#closed, isSent);
  }

  /** An internal error ends only this request, with 500. */
  protected step<T>(run: (what: T) => void, what: T): void {
    try {
      run.call(this, what);
    } catch (error) {
      reportMistake('a request', error);
      // Only a codec thread holds the body longer than this step.
      if (this.job === undefined) this.#isReading = false;
      this.http.fail(refuse('INTERNAL', 'internal error'));
    }
  }

  protected refuseNow(refusal: Refusal): void {
    this.countRefused(refusal);
    this.http.refuse(refusal);
  }

  /** Releases its bytes and its place in the queue. */
  #closed(isSent: boolean): void {
    this.#body?.drop();
    this.#stopReading();
    this.closed(isSent);
  }

  #bodyRead(body: Segments | Refusal): void {
    if (isRefusal(body)) {
      // The body is already dropped; the connection may stay open for a while.
      this.call.decoded();
      this.#isOver = true;
      this.call.reservation.release();
      this.countRefused(body);
      this.http.refuseEarly(body);
      return;
    }
    this.call.reservation.arrived();
    this.#isReading = true;
    const task = this.readTask(body);
    if (isRefusal(task)) this.#taken(task);
    else this.job = this.ports.codec.read(task, (read) => this.step(this.#taken, read));
  }

  #taken(read: OipRequest | Refusal): void {
    this.call.decoded();
    this.#isReading = false;
    this.job = undefined;
    if (this.#isOver) this.call.reservation.release();
    else if (isRefusal(read)) this.refuseNow(read);
    else this.taken(read);
  }

  /** Discards the result of reading. The bytes are released at once, or when the codec thread is done with them. */
  #stopReading(): void {
    this.#isOver = true;
    if (this.job !== undefined && this.ports.codec.cancel(this.job)) this.#isReading = false;
    this.job = undefined;
    if (!this.#isReading) this.call.reservation.release();
  }
}
