import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { ActiveRoute } from './active-route.ts';
import type { RequestCopy } from './request-copies.ts';

/** The copies of one call: for the shadow of its route, and for the control of its canary. */
export class CallCopies {
  readonly #route: ActiveRoute;
  #shadow: RequestCopy | undefined;
  #control: RequestCopy | undefined;

  /** undefined for a route without copies. */
  static of(route: ActiveRoute): CallCopies | undefined {
    const has = route.shadow !== undefined || route.controlCopies !== undefined;
    return has ? new CallCopies(route) : undefined;
  }

  private constructor(route: ActiveRoute) {
    this.#route = route;
  }

  /** Sends the copies of a request that goes to a target first. */
  send(request: InferenceRequest, target: string, version: VersionInService | undefined): void {
    const { shadow, shadowShare, controlCopies, canary } = this.#route;
    if (shadow !== undefined && shadowShare.next()) this.#shadow = shadow.copy(request, version);
    if (controlCopies === undefined || canary?.plan.to.name !== target) return;
    this.#control = controlCopies.copy(request, version, (agree) => canary.compared(agree));
  }

  /**
   * The answer that the copies are compared with, and the target that gave it; undefined when the call has none. Only an
   * answer of the canary says whether it agrees with its control: that of a fallback does not.
   */
  original(answer: Answer | undefined, by: string | undefined): void {
    this.#shadow?.original(answer);
    this.#control?.original(by === this.#route.canary?.plan.to.name ? answer : undefined);
    this.#shadow = undefined;
    this.#control = undefined;
  }
}
