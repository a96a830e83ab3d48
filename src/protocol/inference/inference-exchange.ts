import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { ArrivingCall } from '../../gateway/arriving-call.ts';
import { Call } from '../../gateway/call.ts';
import type { Admission } from '../../gateway/header-check.ts';
import { type Answer, type InferenceRequest, withoutParameters } from '../../model/inference.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { ReadTask } from '../codec/codec-task.ts';
import { headerJson } from '../http/header-text.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { checkOutputs, type EncodedAnswer } from '../oip/oip-response.ts';
import { BodyExchange, type ExchangePorts } from './body-exchange.ts';
import { EventStream } from './event-stream.ts';
import { type Form, readTask, writeTask } from './exchange-tasks.ts';
import { explanationOf } from './explanation.ts';
import { routeExplanation, tellRoute } from './route-report.ts';
import { sendAnswer } from './send-answer.ts';

/** How a request ended, and how it was asked. */
interface Settled {
  readonly read: OipRequest;
  readonly outcome: Answer | Refusal;
}

/** What the headers of a request say about it. */
export interface ExchangeTarget {
  readonly form: Form;
  readonly admission: Admission;
}

/** One inference request over HTTP: reads its body, decodes it, and sends what its call comes to. */
export class InferenceExchange extends BodyExchange {
  protected readonly call: Call;
  readonly #form: Form;
  readonly #admission: Admission;
  /** Set where the answer goes out as events. */
  #events: EventStream | undefined;

  constructor(ports: ExchangePorts, http: HttpExchange, { form, admission }: ExchangeTarget) {
    super(ports, http);
    this.#form = form;
    this.#admission = admission;
    this.call = new Call(ports, admission, this);
  }

  /** Goes on with a request that was decoded, in another call, before its model was known. */
  goOn(read: OipRequest, before: ArrivingCall): void {
    this.watch();
    this.call.takeOver(before);
    this.step(this.taken, read);
  }

  protected readTask(body: Segments): ReadTask | Refusal {
    return readTask(this.#form, this.#admission, body);
  }

  protected countRefused(refusal: Refusal): void {
    this.call.refused(refusal);
  }

  protected closed(isSent: boolean): void {
    this.#events?.drop();
    this.call.close(isSent);
  }

  protected taken(read: OipRequest): void {
    const { version, destination } = this.#admission;
    if (destination !== undefined) {
      this.call.submitTo(destination, read.request, (outcome) => this.step(this.#settled, { read, outcome }));
      return;
    }
    const { metadata } = version;
    const wrong = read.outputs && metadata && checkOutputs(version.spec.model, metadata, read.outputs);
    if (wrong !== undefined) {
      this.refuseNow(wrong);
      return;
    }
    const known = metadata?.readsParameters === false ? withoutParameters(read.request) : read.request;
    const request = this.#form === 'generate stream' ? this.#inParts(known) : known;
    const admitted = this.call.submit(request, (outcome) => this.step(this.#settled, { read, outcome }));
    if (isRefusal(admitted)) {
      this.refuseNow(admitted);
      return;
    }
    const isCached = 'cached' in admitted;
    if (version.cache !== undefined) this.http.setHeader('x-galley-cache', isCached ? 'hit' : 'miss');
    if (isCached) this.#settled({ read, outcome: admitted.cached });
  }

  /** The request with a receiver for the parts of its answer, if the model makes parts. */
  #inParts(request: InferenceRequest): InferenceRequest {
    const { spec, metadata } = this.#admission.version;
    const head = { id: request.id, model: spec.model, version: spec.version };
    const events = new EventStream(this.http, this.ports.codec, head);
    events.whenBrokenOff = () => this.call.breakOff();
    this.#events = events;
    return metadata?.answersInParts === true ? { ...request, parts: events } : request;
  }

  #settled({ read, outcome }: Settled): void {
    const { explained, routed, version } = this.call;
    if (routed !== undefined) tellRoute(this.http, routed);
    if (explained !== undefined || (routed !== undefined && this.#admission.caller.isExplained)) {
      const path =
        explained === undefined ? {} : explanationOf(explained, version.path, this.ports.clock.now());
      this.http.setHeader(
        'x-galley-explain',
        headerJson({ ...path, ...(routed && routeExplanation(routed)) }),
      );
    }
    this.call.settled(isRefusal(outcome));
    if (this.#events !== undefined) {
      this.#events.end(outcome);
      return;
    }
    if (isRefusal(outcome)) {
      this.http.refuse(outcome);
      return;
    }
    const task = writeTask(this.#form, this.call, read, outcome);
    if (isRefusal(task)) this.http.refuse(task);
    else this.job = this.ports.codec.write(task, (answer) => this.step(this.#written, answer));
  }

  #written(answer: EncodedAnswer | Refusal): void {
    this.job = undefined;
    if (isRefusal(answer)) this.http.refuse(answer);
    else sendAnswer(this.http, answer);
  }
}
