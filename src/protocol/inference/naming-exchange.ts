import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { ArrivingCall } from '../../gateway/arriving-call.ts';
import type { Admission, CalledName, EnteredCall } from '../../gateway/header-check.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { ReadTask } from '../codec/codec-task.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { bindEmbeddings } from '../openai/bind-request.ts';
import { calledName, type EmbeddingsRequest } from '../openai/read-request.ts';
import { BodyExchange, type ExchangePorts } from './body-exchange.ts';
import { InferenceExchange } from './inference-exchange.ts';

/** What decides on a request once the body has named its model. */
export interface NamingTarget {
  readonly entered: EnteredCall;
  /** Finds the model, and counts a refusal. */
  readonly admit: (
    entered: EnteredCall & { readonly receivedAt: number },
    called: CalledName,
  ) => Admission | Refusal;
}

/** A request for embeddings, whose body names its model: it becomes an inference when the body is decoded. */
export class NamingExchange extends BodyExchange {
  protected readonly call: ArrivingCall;
  readonly #target: NamingTarget;

  constructor(ports: ExchangePorts, http: HttpExchange, target: NamingTarget) {
    super(ports, http);
    this.#target = target;
    this.call = new ArrivingCall(ports, target.entered, this);
  }

  protected readTask(body: Segments): ReadTask {
    return { kind: 'read embeddings', body };
  }

  protected taken(read: OipRequest): void {
    const { entered, admit } = this.#target;
    const asked = read as EmbeddingsRequest & OipRequest;
    const admission = admit(
      { ...entered, receivedAt: this.call.receivedAt },
      calledName(asked.embeddings.model),
    );
    if (isRefusal(admission)) {
      this.http.refuse(admission);
      return;
    }
    const { version } = admission;
    const bound =
      version.metadata === undefined
        ? refuse('MODEL_STARTING', `${version.name} is starting`)
        : bindEmbeddings(asked, version.metadata);
    if (isRefusal(bound)) {
      this.ports.refused.emit({ version, refusal: bound });
      this.http.refuse(bound);
      return;
    }
    new InferenceExchange(this.ports, this.http, { form: 'embeddings', admission }).goOn(bound, this.call);
  }

  protected countRefused(refusal: Refusal): void {
    this.ports.refused.emit({ version: undefined, refusal });
  }

  protected closed(): void {
    this.call.decoded();
  }
}
