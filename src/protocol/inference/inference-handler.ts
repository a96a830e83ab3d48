import { isRefusal, type Refusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { RefusedCall } from '../../gateway/call.ts';
import type { Admission, HeaderCheck } from '../../gateway/header-check.ts';
import type { RoutedPorts } from '../../gateway/routes/routed-call.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { InferenceRoute } from '../http/route.ts';
import type { ExchangePorts } from './body-exchange.ts';
import { InferenceExchange } from './inference-exchange.ts';
import { NamingExchange } from './naming-exchange.ts';

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
    const admission = this.#counted(this.#headerCheck.decide(http.metadata, model, version));
    if (isRefusal(admission)) http.refuseEarly(admission);
    else new InferenceExchange(this.ports, http, { form: kind, admission }).start();
  }

  /** A request whose body names its model. */
  handleNaming(http: HttpExchange): void {
    const { metadata } = http;
    const entered = this.#headerCheck.enter(metadata);
    if (isRefusal(entered)) {
      this.refused.emit({ version: undefined, refusal: entered });
      http.refuseEarly(entered);
      return;
    }
    new NamingExchange(this.ports, http, {
      entered,
      admit: (call, called) => this.#counted(this.#headerCheck.admit(call, metadata.fields, called)),
    }).start();
  }

  /** Refuses also what would be too late, and counts refusals. */
  #counted(admission: Admission | Refusal): Admission | Refusal {
    if (isRefusal(admission)) {
      this.refused.emit({ version: undefined, refusal: admission });
      return admission;
    }
    const { version, caller, delayMs, destination } = admission;
    const refusal = destination === undefined ? version.doorway.turnAway(caller, delayMs) : undefined;
    if (refusal !== undefined) this.refused.emit({ version, refusal });
    return refusal ?? admission;
  }
}
