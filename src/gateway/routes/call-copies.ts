import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { ActiveRoute } from './active-route.ts';
import type { RequestCopy } from './request-copies.ts';

/** The copies of one call: for the shadow of its route, and for the control of its canary. */
export class CallCopies {
  readonly #route: ActiveRoute;
  #copies: RequestCopy[] | undefined;

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
    if (shadow !== undefined && shadowShare.next()) this.#keep(shadow.copy(request, version));
    if (controlCopies === undefined || canary?.plan.to.name !== target) return;
    this.#keep(controlCopies.copy(request, version, (agree) => canary.compared(agree)));
  }

  /** The answer that the copies are compared with; undefined when the call has none. */
  original(answer: Answer | undefined): void {
    for (const copy of this.#copies ?? []) copy.original(answer);
    this.#copies = undefined;
  }

  #keep(copy: RequestCopy | undefined): void {
    if (copy === undefined) return;
    this.#copies ??= [];
    this.#copies.push(copy);
  }
}
