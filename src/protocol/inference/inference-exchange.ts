import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { reportMistake } from '../../base/mistake.ts';
import { Call, type CallPorts, type CallReader } from '../../gateway/call.ts';
import type { Admission } from '../../gateway/header-check.ts';
import { type Answer, withoutParameters } from '../../model/inference.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Codec } from '../codec/codec.ts';
import type { CodecJob } from '../codec/codec-threads.ts';
import { headerJson } from '../http/header-text.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { checkOutputs, type EncodedAnswer } from '../oip/oip-response.ts';
import { IncomingBody } from './body.ts';
import { type Form, readTask, writeTask } from './exchange-tasks.ts';
import { explanationOf } from './explanation.ts';
import { routeExplanation, tellRoute } from './route-report.ts';
import { sendAnswer } from './send-answer.ts';

/** How a request ended, and how it was asked. */
interface Settled {
  readonly read: OipRequest;
  readonly outcome: Answer | Refusal;
}

/** Dependencies that all exchanges share. */
export interface ExchangePorts extends CallPorts {
  readonly clock: Clock;
  readonly codec: Codec;
}

/** What the headers of a request say about it. */
export interface ExchangeTarget {
  readonly form: Form;
  readonly admission: Admission;
}

/** One inference request over HTTP: reads its body, decodes it, and sends what its call comes to. */
export class InferenceExchange implements CallReader {
  readonly #ports: ExchangePorts;
  readonly #http: HttpExchange;
  readonly #form: Form;
  readonly #admission: Admission;
  readonly #call: Call;
  readonly #body: IncomingBody;
  /** The current job of a codec thread. */
  #job: CodecJob | undefined;
  /** The codec is reading the body, and holds its memory even when the client has disconnected. */
  #isReading = false;
  /** The request is refused, or its client has disconnected: results of reading are discarded. */
  #isOver = false;

  constructor(ports: ExchangePorts, http: HttpExchange, { form, admission }: ExchangeTarget) {
    this.#ports = ports;
    this.#http = http;
    this.#form = form;
    this.#admission = admission;
    this.#call = new Call(ports, admission, this);
    this.#body = new IncomingBody(http, this.#call, (body) => this.#step(this.#bodyRead, body));
  }

  get arrivedBytes(): number {
    return this.#body.byteLength;
  }

  get isPaused(): boolean {
    return this.#http.isPaused;
  }

  start(): void {
    this.#http.whenClosed = (isSent) => this.#step(this.#closed, isSent);
    this.#http.readBody(this.#admission.encoding, this.#body);
  }

  refuse(refusal: Refusal): void {
    if (!this.#isReading) {
      this.#body.refuse(refusal);
      return;
    }
    this.#stopReading();
    this.#refuse(refusal);
  }

  /** An internal error ends only this request, with 500. */
  #step<T>(run: (what: T) => void, what: T): void {
    try {
      run.call(this, what);
    } catch (error) {
      reportMistake('a request', error);
      // Only a codec thread holds the body longer than this step.
      if (this.#job === undefined) this.#isReading = false;
      this.#http.fail(refuse('INTERNAL', 'internal error'));
    }
  }

  /** The answer is sent, or the client has disconnected: releases its bytes and its place in the queue. */
  #closed(isSent: boolean): void {
    this.#body.drop();
    this.#stopReading();
    this.#call.close(isSent);
  }

  #bodyRead(body: Segments | Refusal): void {
    if (isRefusal(body)) {
      // The body is already dropped; the connection may stay open for a while.
      this.#call.decoded();
      this.#isOver = true;
      this.#call.reservation.release();
      this.#call.refused(body);
      this.#http.refuseEarly(body);
      return;
    }
    this.#call.reservation.arrived();
    this.#isReading = true;
    const task = readTask(this.#form, this.#admission, body);
    if (isRefusal(task)) this.#taken(task);
    else this.#job = this.#ports.codec.read(task, (read) => this.#step(this.#taken, read));
  }

  #taken(read: OipRequest | Refusal): void {
    this.#call.decoded();
    this.#isReading = false;
    this.#job = undefined;
    if (this.#isOver) this.#call.reservation.release();
    else if (isRefusal(read)) this.#refuse(read);
    else this.#submit(read);
  }

  /** Discards the result of reading. The bytes are released at once, or when the codec thread is done with them. */
  #stopReading(): void {
    this.#isOver = true;
    if (this.#job !== undefined && this.#ports.codec.cancel(this.#job)) this.#isReading = false;
    this.#job = undefined;
    if (!this.#isReading) this.#call.reservation.release();
  }

  #submit(read: OipRequest): void {
    const { version, destination } = this.#admission;
    if (destination !== undefined) {
      this.#call.submitTo(destination, read.request, (outcome) =>
        this.#step(this.#settled, { read, outcome }),
      );
      return;
    }
    const { metadata } = version;
    const wrong = read.outputs && metadata && checkOutputs(version.spec.model, metadata, read.outputs);
    if (wrong !== undefined) {
      this.#refuse(wrong);
      return;
    }
    const request = metadata?.readsParameters === false ? withoutParameters(read.request) : read.request;
    const admitted = this.#call.submit(request, (outcome) => this.#step(this.#settled, { read, outcome }));
    if (isRefusal(admitted)) {
      this.#refuse(admitted);
      return;
    }
    const isCached = 'cached' in admitted;
    if (version.cache !== undefined) this.#http.setHeader('x-galley-cache', isCached ? 'hit' : 'miss');
    if (isCached) this.#settled({ read, outcome: admitted.cached });
  }

  #settled({ read, outcome }: Settled): void {
    const { explained, routed, version } = this.#call;
    if (routed !== undefined) tellRoute(this.#http, routed);
    if (explained !== undefined || (routed !== undefined && this.#admission.caller.isExplained)) {
      const path =
        explained === undefined ? {} : explanationOf(explained, version.path, this.#ports.clock.now());
      this.#http.setHeader(
        'x-galley-explain',
        headerJson({ ...path, ...(routed && routeExplanation(routed)) }),
      );
    }
    this.#call.settled(isRefusal(outcome));
    if (isRefusal(outcome)) {
      this.#http.refuse(outcome);
      return;
    }
    const task = writeTask(this.#call, read, outcome);
    if (isRefusal(task)) this.#http.refuse(task);
    else this.#job = this.#ports.codec.write(task, (answer) => this.#step(this.#written, answer));
  }

  #written(answer: EncodedAnswer | Refusal): void {
    this.#job = undefined;
    if (isRefusal(answer)) this.#http.refuse(answer);
    else sendAnswer(this.#http, answer);
  }

  #refuse(refusal: Refusal): void {
    this.#call.refused(refusal);
    this.#http.refuse(refusal);
  }
}
