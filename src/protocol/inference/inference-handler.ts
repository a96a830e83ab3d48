import { isRefusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { RefusedCall } from '../../gateway/call.ts';
import type { HeaderCheck } from '../../gateway/header-check.ts';
import type { RoutedPorts } from '../../gateway/routes/routed-call.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { InferenceRoute } from '../http/route.ts';
import { type ExchangePorts, InferenceExchange } from './inference-exchange.ts';

/** Receives inference requests. */
export class InferenceHandler {
  /** Calls that were refused before they became an entry of their version. */
  readonly refused = new Event<RefusedCall>();
  /** Shared with calls that do not come over HTTP. */
  readonly ports: ExchangePorts;
  readonly #headerCheck: HeaderCheck;

  constructor(
    headerCheck: HeaderCheck,
    ports: Omit<ExchangePorts, 'refused' | 'routes'> & { readonly routes: Omit<RoutedPorts, 'refused'> },
  ) {
    const { refused } = this;
    this.#headerCheck = headerCheck;
    this.ports = { ...ports, refused, routes: { ...ports.routes, refused } };
  }

  handle(http: HttpExchange, { kind, model, version }: InferenceRoute): void {
    const admission = this.#headerCheck.decide(http.metadata, model, version);
    if (isRefusal(admission)) {
      this.refused.emit({ version: undefined, refusal: admission });
      http.refuseEarly(admission);
      return;
    }
    const { version: called, caller, delayMs, destination } = admission;
    const turnedAway = destination === undefined ? called.doorway.turnAway(caller, delayMs) : undefined;
    if (turnedAway !== undefined) {
      this.refused.emit({ version: called, refusal: turnedAway });
      http.refuseEarly(turnedAway);
      return;
    }
    new InferenceExchange(this.ports, http, { form: kind, admission }).start();
  }
}
