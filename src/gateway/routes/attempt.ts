import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { type Answer, type InferenceRequest, withoutParameters } from '../../model/inference.ts';
import type { ChoosePlan, Target } from '../../routing/route-plan.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import { SplitRequest } from '../../serving/admission/split-request.ts';
import type { Entry } from '../../work/entry.ts';
import type { CallAccount } from './call-account.ts';

/** What an attempt needs to know. */
export interface AttemptTerms {
  readonly target: Target;
  readonly version: VersionInService;
  readonly request: InferenceRequest;
  readonly caller: Caller;
  /** When the call was received. */
  readonly receivedAt: number;
  /** The deadline of the attempt; undefined where the settings of the version give the same. */
  readonly until: number | undefined;
}

/** The call of an attempt. */
export interface AttemptOwner {
  /** Called once with the outcome, unless the attempt is cancelled before. */
  ended(attempt: Attempt, outcome: Answer | Refusal): void;
}

/** One try of a call at one version. */
export class Attempt {
  readonly target: Target;
  readonly version: VersionInService;
  isHedge = false;
  /** It was refused before it became an entry. */
  isTurnedAway = false;
  /** Set for the attempt to ask a classifier. */
  asks: ChoosePlan | undefined;
  readonly #terms: AttemptTerms;
  /** undefined when it is over: an entry that has ended would hold the whole call in memory for longer. */
  #owner: AttemptOwner | undefined;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #admitted: Entry | SplitRequest | undefined;

  constructor(clock: Clock, terms: AttemptTerms, owner: AttemptOwner) {
    this.target = terms.target;
    this.version = terms.version;
    this.#terms = terms;
    this.#owner = owner;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Time since its start, in ms. */
  get ms(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** undefined before its admission. */
  get entry(): Entry | undefined {
    return this.#admitted instanceof SplitRequest ? this.#admitted.parts.at(-1) : this.#admitted;
  }

  /** Submits the request. Its owner may be told of the end before this returns. */
  start(): void {
    const { version, request } = this.#terms;
    const { metadata } = version;
    const known = metadata?.readsParameters === false ? withoutParameters(request) : request;
    const admitted = version.submit(known, (outcome) => this.#settle(outcome), this.#caller());
    this.isTurnedAway = isRefusal(admitted);
    if (isRefusal(admitted)) this.#settle(admitted);
    else if ('cached' in admitted) this.#settle(admitted.cached);
    else this.#admitted = admitted;
  }

  /** Its outcome is not needed any more, because another attempt has answered (`isOutrun`), or the client has left. */
  abandon(account: CallAccount, isOutrun: boolean): void {
    if (this.#owner === undefined) return;
    account.cancelled(this.target.name, this.ms, isOutrun);
    this.#owner = undefined;
    const admitted = this.#admitted;
    // After the turn: the version may be in the middle of the outcome of another attempt.
    if (admitted !== undefined) this.#clock.endOfTurn(() => this.version.cancel(admitted));
  }

  #caller(): Caller {
    const { caller, receivedAt, until } = this.#terms;
    const waitedMs = this.#startedAt - receivedAt;
    if (until === undefined && waitedMs === 0) return caller;
    const { tenant, isExplained } = caller;
    const timeoutMs = until === undefined ? caller.timeoutMs : until - receivedAt;
    return { tenant, timeoutMs, isExplained, waitedMs };
  }

  #settle(outcome: Answer | Refusal): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    const admitted = this.#admitted;
    // One part has failed; the others are cancelled at the end of the turn, when the failing one is settled.
    if (isRefusal(outcome) && admitted instanceof SplitRequest)
      this.#clock.endOfTurn(() => this.version.cancel(admitted));
    owner.ended(this, outcome);
    this.#admitted = undefined;
  }
}

/** The version of a target; a refusal when it is not served, or is not ready while the chain has another target. */
export function versionFor(
  registry: ModelRegistry,
  { model, version }: Target,
  hasNext: boolean,
): VersionInService | Refusal {
  const found = registry.find(model, version);
  if (isRefusal(found) || !hasNext) return found;
  const why = found.whyNotReady;
  return why === undefined ? found : refuse('MODEL_STARTING', `${found.name} is not ready: ${why}`);
}

/** The request with those inputs that a version has. */
export function withInputsOf({ metadata }: VersionInService, request: InferenceRequest): InferenceRequest {
  const names = metadata?.inputs.map(({ name }) => name) ?? [];
  return { ...request, inputs: request.inputs.filter(({ name }) => names.includes(name)) };
}
