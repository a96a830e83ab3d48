import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { type Answer, type InferenceRequest, withoutParameters } from '../../model/inference.ts';
import type { ChoosePlan, Target } from '../../routing/route-plan.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import { SplitRequest } from '../../serving/admission/split-request.ts';
import type { Entry } from '../../work/entry.ts';

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

  /** Its outcome is not needed any more. */
  cancel(): void {
    this.#owner = undefined;
    if (this.#admitted !== undefined) this.version.cancel(this.#admitted);
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

/** Why a version should get no traffic while the chain has another target. */
export function notReady(version: VersionInService): Refusal | undefined {
  const why = version.whyNotReady;
  return why === undefined ? undefined : refuse('MODEL_STARTING', `${version.name} is not ready: ${why}`);
}
