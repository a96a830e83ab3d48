import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRefusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { HeaderCheck } from '../../gateway/header-check.ts';
import { refuseEarly } from '../http/reply.ts';
import type { Form } from './exchange-tasks.ts';
import { type ExchangePorts, InferenceExchange, type RefusedRequest } from './inference-exchange.ts';

/** Receives inference requests. */
export class InferenceHandler {
  /** Requests that were refused before they became an entry of their version. */
  readonly refused = new Event<RefusedRequest>();
  readonly #headerCheck: HeaderCheck;
  readonly #ports: ExchangePorts;

  constructor(headerCheck: HeaderCheck, ports: Omit<ExchangePorts, 'refused'>) {
    this.#headerCheck = headerCheck;
    this.#ports = { ...ports, refused: this.refused };
  }

  handle(
    req: IncomingMessage,
    res: ServerResponse,
    form: Form,
    model: string,
    version: string | undefined,
  ): void {
    const metadata = { fields: req.headers, remoteAddress: req.socket.remoteAddress };
    const admission = this.#headerCheck.decide(metadata, model, version);
    if (isRefusal(admission)) {
      this.refused.emit({ version: undefined, refusal: admission });
      refuseEarly(this.#ports.clock, req, res, admission);
      return;
    }
    new InferenceExchange(this.#ports, req, res, form, admission).start();
  }
}
