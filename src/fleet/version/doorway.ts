import type { Refusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import type { Tenant } from '../../work/entry.ts';
import type { RequestPath } from './request-path.ts';

/** Where requests of a version are met while only their headers are known. Its events are inputs of the core. */
export class Doorway {
  /** Requests that arrive now may have waited in their sockets for so many ms. */
  readonly delayed = new Event<number>();
  /** The tenant of a request that is refused from its headers, or passes. */
  readonly knocked = new Event<Tenant>();
  readonly #path: RequestPath;
  /** Equal requests are answered together, so their contents matter even under overload. */
  readonly #comparesContents: boolean;
  #delayMs = 0;

  constructor({ cache, singleFlight }: ModelSettings, path: RequestPath) {
    this.#path = path;
    this.#comparesContents = cache.enabled || singleFlight;
  }

  /** Refuses a request from its headers while predictions refuse all like it; undefined where its body is needed. */
  turnAway({ tenant, timeoutMs, isExplained }: Caller, delayMs: number): Refusal | undefined {
    this.delay(delayMs);
    // Prepared answers tell what the objective leaves, not what a shorter timeout does.
    const isSpecial = this.#comparesContents || isExplained || timeoutMs !== undefined;
    return isSpecial ? undefined : this.knock(tenant);
  }

  /** Refuses a request of this tenant, or lets it pass. */
  knock(tenant: Tenant): Refusal | undefined {
    const { admission } = this.#path;
    const late = admission.lateAtDoor(tenant, this.#delayMs);
    if (late === undefined) return undefined;
    this.knocked.emit(tenant);
    return admission.refuseAtDoor(tenant, late);
  }

  /** Takes note of how long requests that arrive now may have waited, in whole ms. */
  delay(ms: number): void {
    const whole = Math.floor(ms);
    if (whole === this.#delayMs || this.#path.margin === undefined) return;
    this.#delayMs = whole;
    this.delayed.emit(whole);
    this.#path.service.delayed(whole);
  }
}
