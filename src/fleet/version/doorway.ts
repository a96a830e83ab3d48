import type { Refusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { CallerClass } from '../../serving/admission/admission-controller.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import type { RequestPath } from './request-path.ts';

/** Where requests of a version are met while only their headers are known. Its events are inputs of the core. */
export class Doorway {
  /** Requests that arrive now may have waited in their sockets for so many ms. */
  readonly delayed = new Event<number>();
  /** The class of a request that is refused from its headers, or passes. */
  readonly knocked = new Event<CallerClass>();
  readonly #path: RequestPath;
  /** Equal requests are answered together, so their contents matter even under overload. */
  readonly #comparesContents: boolean;
  #delayMs = 0;

  constructor({ cache, singleFlight }: ModelSettings, path: RequestPath) {
    this.#path = path;
    this.#comparesContents = cache.enabled || singleFlight;
  }

  /** Refuses a request from its headers while predictions refuse all of its class; undefined where its body is needed. */
  turnAway(caller: Caller, delayMs: number): Refusal | undefined {
    this.delay(delayMs);
    return this.#comparesContents || caller.isExplained ? undefined : this.knock(caller);
  }

  /** Refuses a request of this class, or lets it pass. */
  knock(caller: CallerClass): Refusal | undefined {
    const { admission } = this.#path;
    const late = admission.lateAtDoor(caller, this.#delayMs);
    if (late === undefined) return undefined;
    this.knocked.emit(caller);
    return admission.refuseAtDoor(caller, late);
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
