import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { isRefusal } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import type { Codec } from './codec.ts';
import type { Door } from './door.ts';
import { type Form, InferenceExchange, type RefusedRequest } from './inference-exchange.ts';
import { refuseEarly } from './reply.ts';

/** Takes inference requests in at the door. */
export class InferenceHandler {
  /** Requests that never became an entry of their version. */
  readonly refused = new Event<RefusedRequest>();
  readonly #clock: Clock;
  readonly #door: Door;
  readonly #codec: Codec;

  constructor(clock: Clock, door: Door, codec: Codec) {
    this.#clock = clock;
    this.#door = door;
    this.#codec = codec;
  }

  handle(
    req: IncomingMessage,
    res: ServerResponse,
    form: Form,
    model: string,
    version: string | undefined,
  ): void {
    const admission = this.#door.decide(req.headers, model, version);
    if (isRefusal(admission)) {
      this.refused.emit({ version: undefined, refusal: admission });
      refuseEarly(this.#clock, req, res, admission);
      return;
    }
    const ports = { clock: this.#clock, codec: this.#codec, refused: this.refused };
    new InferenceExchange(ports, req, res, form, admission).start();
  }
}
