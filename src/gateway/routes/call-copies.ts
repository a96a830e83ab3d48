import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { CallAccount } from './call-account.ts';
import type { RequestCopy } from './request-copies.ts';

/** The copies of one call: for the shadow of its route, and for the control of its canary. */
export class CallCopies {
  #shadow: RequestCopy | undefined;
  #control: RequestCopy | undefined;
  #canary = '';

  /** Sends the copies of a request that goes to a target first; undefined where there are none. */
  static send(
    request: InferenceRequest,
    { target, version }: { readonly target: string; readonly version: VersionInService | undefined },
    { route, drawn: split }: Pick<CallAccount, 'route' | 'drawn'>,
  ): CallCopies | undefined {
    const { shadow, shadowShare } = route;
    const isShadowed = shadow !== undefined && shadowShare.next();
    const canary = split?.canary;
    const isCompared = split?.controlCopies !== undefined && canary?.plan.to.name === target;
    if (!isShadowed && !isCompared) return undefined;
    const copies = new CallCopies();
    if (isShadowed) copies.#shadow = shadow.copy(request, version);
    if (isCompared) {
      copies.#canary = target;
      copies.#control = split.controlCopies?.copy(request, version, (agree) => canary?.compared(agree));
    }
    return copies;
  }

  /**
   * The answer that the copies are compared with, and the target that gave it; undefined when the call has none. Only an
   * answer of the canary says whether it agrees with its control: that of a fallback does not.
   */
  original(answer: Answer | undefined, by: string | undefined): void {
    this.#shadow?.original(answer);
    this.#control?.original(by === this.#canary ? answer : undefined);
    this.#shadow = undefined;
    this.#control = undefined;
  }
}
