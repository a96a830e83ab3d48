import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Event } from '../../base/event.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Arrival, Arrivals } from '../../gateway/arrivals.ts';
import type { BodyBudget, BodyOwner, BodyReservation } from '../../gateway/body-budget.ts';
import { type Admission, noRoom } from '../../gateway/header-check.ts';
import type { Answer } from '../../model/inference.ts';
import { lateBefore } from '../../serving/admission/request-describer.ts';
import { SplitRequest } from '../../serving/admission/split-request.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Entry } from '../../work/entry.ts';
import type { Codec } from '../codec/codec.ts';
import type { CodecJob } from '../codec/codec-threads.ts';
import { refuseEarly, sendRefusal } from '../http/reply.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { checkOutputs, type EncodedAnswer } from '../oip/oip-response.ts';
import { IncomingBody } from './body.ts';
import { type Form, readTask, withoutParameters, writeTask } from './exchange-tasks.ts';
import { explanationOf } from './explanation.ts';
import { sendAnswer } from './send-answer.ts';

/** A request that was refused before its version admitted it. */
export interface RefusedRequest {
  readonly version: VersionInService | undefined;
  readonly refusal: Refusal;
}

/** How a request ended, and how it was asked. */
interface Settled {
  readonly read: OipRequest;
  readonly outcome: Answer | Refusal;
}

/** Dependencies that all exchanges share. */
export interface ExchangePorts {
  readonly clock: Clock;
  readonly codec: Codec;
  readonly budget: BodyBudget;
  readonly arrivals: Arrivals;
  /** How long a client may leave its answer unread. */
  readonly writeStallMs: number;
  readonly refused: Event<RefusedRequest>;
}

/** One inference request from its body to the last byte of its answer. */
export class InferenceExchange implements Arrival, BodyOwner {
  /** Position in the heap of arriving requests. */
  heapIndex = -1;
  windowFrom = 0;
  windowBytes = 0;
  readonly deadline: number;
  readonly #ports: ExchangePorts;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #form: Form;
  readonly #admission: Admission;
  /** Tells the version that this request is no longer on its way to it. */
  readonly #leave: () => void;
  #entry: Entry | SplitRequest | undefined;
  readonly #reservation: BodyReservation;
  readonly #receivedAt: number;
  #body: IncomingBody | undefined;
  /** The current job of a codec thread. */
  #job: CodecJob | undefined;
  /** The codec is reading the body, and holds its memory even when the client has disconnected. */
  #isReading = false;
  /** The request is refused, or its client has disconnected: results of reading are discarded. */
  #isOver = false;

  constructor(
    ports: ExchangePorts,
    req: IncomingMessage,
    res: ServerResponse,
    form: Form,
    admission: Admission,
  ) {
    this.#ports = ports;
    this.#req = req;
    this.#res = res;
    this.#leave = admission.version.inFlightCalls.enter();
    this.#form = form;
    this.#admission = admission;
    this.#receivedAt = ports.clock.now();
    const { caller, version, holder } = admission;
    this.deadline = this.#receivedAt + (caller.timeoutMs ?? version.spec.settings.timeoutMs);
    this.#reservation = ports.budget.open(holder, this);
  }

  get isArriving(): boolean {
    return this.#reservation.isArriving && !this.#isOver;
  }

  get isPaused(): boolean {
    return this.#req.socket.isPaused();
  }

  get arrivedBytes(): number {
    return this.#body?.byteLength ?? 0;
  }

  start(): void {
    this.#res.on('close', () => this.#step(this.#closed, undefined));
    if (this.#req.headers.expect !== undefined) this.#res.writeContinue();
    this.#body = new IncomingBody(this.#req, this.#admission, this.#reservation, (body) =>
      this.#step(this.#bodyRead, body),
    );
    this.#ports.arrivals.add(this);
  }

  giveWay(): void {
    this.#body?.refuse(noRoom('budget'));
  }

  deadlinePassed(): void {
    const refusal = lateBefore(this.#ports.clock.now() - this.#receivedAt);
    if (this.#isReading) {
      this.#stopReading();
      this.#refuse(refusal);
    } else {
      this.#body?.refuse(refusal);
    }
  }

  tooSlow(): void {
    this.#body?.refuse(
      refuse('BODY_TIMEOUT', 'the body arrived more slowly than http.minBodyBytesPerSecond allows'),
    );
  }

  cut(): void {
    this.#body?.refuse(refuse('DRAINING', 'the server is shutting down and does not wait for this body'));
  }

  /** An internal error ends only this request, with 500. */
  #step<T>(run: (what: T) => void, what: T): void {
    try {
      run.call(this, what);
    } catch (error) {
      reportMistake('a request', error);
      // Only a codec thread holds the body longer than this step.
      if (this.#job === undefined) this.#isReading = false;
      if (this.#res.headersSent) this.#res.destroy();
      else sendRefusal(this.#res, refuse('INTERNAL', 'internal error'));
    }
  }

  /** The answer is sent, or the client has disconnected: releases its bytes and its place in the queue. */
  #closed(): void {
    this.#ports.arrivals.remove(this);
    this.#leave();
    this.#body?.drop();
    this.#stopReading();
    if (this.#entry !== undefined && !this.#res.writableFinished) this.#admission.version.cancel(this.#entry);
  }

  #bodyRead(body: Segments | Refusal): void {
    if (isRefusal(body)) {
      // The body is already dropped; the connection may stay open for a while.
      this.#ports.arrivals.remove(this);
      this.#isOver = true;
      this.#reservation.release();
      this.#ports.refused.emit({ version: this.#admission.version, refusal: body });
      refuseEarly(this.#ports.clock, this.#req, this.#res, body);
      return;
    }
    this.#reservation.arrived();
    this.#isReading = true;
    this.#job = this.#ports.codec.read(readTask(this.#form, this.#admission, body), (read) =>
      this.#step(this.#taken, read),
    );
  }

  #taken(read: OipRequest | Refusal): void {
    this.#ports.arrivals.remove(this);
    this.#isReading = false;
    this.#job = undefined;
    if (this.#isOver) this.#reservation.release();
    else if (isRefusal(read)) this.#refuse(read);
    else this.#submit(read);
  }

  /** Discards the result of reading. The bytes are released at once, or when the codec thread is done with them. */
  #stopReading(): void {
    this.#isOver = true;
    if (this.#job !== undefined && this.#ports.codec.cancel(this.#job)) this.#isReading = false;
    this.#job = undefined;
    if (!this.#isReading) this.#reservation.release();
  }

  #submit(read: OipRequest): void {
    const { version } = this.#admission;
    const { metadata } = version;
    const wrong = read.outputs && metadata && checkOutputs(version.spec.model, metadata, read.outputs);
    if (wrong !== undefined) {
      this.#refuse(wrong);
      return;
    }
    const waitedMs = this.#ports.clock.now() - this.#receivedAt;
    const { caller: known } = this.#admission;
    const caller = waitedMs === 0 ? known : { ...known, waitedMs };
    const request = metadata?.readsParameters === false ? withoutParameters(read.request) : read.request;
    const entry = version.submit(request, (outcome) => this.#step(this.#settled, { read, outcome }), caller);
    if (version.cache !== undefined && !isRefusal(entry)) {
      this.#res.setHeader('x-galley-cache', 'cached' in entry ? 'hit' : 'miss');
    }
    if (isRefusal(entry)) this.#refuse(entry);
    else if ('cached' in entry) this.#settled({ read, outcome: entry.cached });
    else this.#entry = entry;
  }

  #settled({ read, outcome }: Settled): void {
    this.#explain();
    const entry = this.#entry;
    this.#entry = undefined;
    if (isRefusal(outcome)) {
      // One part has failed; the others are cancelled at the end of the turn, when the failing one is settled.
      if (entry instanceof SplitRequest) {
        this.#ports.clock.endOfTurn(() => this.#admission.version.cancel(entry));
      }
      sendRefusal(this.#res, outcome);
      return;
    }
    this.#job = this.#ports.codec.write(writeTask(this.#admission, read, outcome), (answer) =>
      this.#step(this.#written, answer),
    );
  }

  #written(answer: EncodedAnswer | Refusal): void {
    this.#job = undefined;
    if (isRefusal(answer)) sendRefusal(this.#res, answer);
    else sendAnswer(this.#res, this.#req.headers['accept-encoding'], answer, this.#ports.writeStallMs);
  }

  #explain(): void {
    if (this.#entry?.isExplained !== true || this.#res.headersSent) return;
    const entry = this.#entry instanceof SplitRequest ? this.#entry.parts.at(-1) : this.#entry;
    if (entry === undefined) return;
    this.#res.setHeader('x-galley-explain', explanationOf(entry, this.#ports.clock.now()));
  }

  #refuse(refusal: Refusal): void {
    this.#ports.refused.emit({ version: this.#admission.version, refusal });
    sendRefusal(this.#res, refusal);
  }
}
