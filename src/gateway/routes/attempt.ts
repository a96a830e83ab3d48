import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { type Answer, type InferenceRequest, withoutParameters } from '../../model/inference.ts';
import type { Target } from '../../routing/route-plan.ts';
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

/** One try of a call at one version. */
export class Attempt {
  readonly target: Target;
  readonly version: VersionInService;
  isHedge = false;
  /** It was refused before it became an entry. */
  isTurnedAway = false;
  /** Called once with the outcome, unless the attempt is cancelled before. */
  settled: (outcome: Answer | Refusal) => void = () => {};
  readonly #terms: AttemptTerms;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #admitted: Entry | SplitRequest | undefined;
  #isOver = false;

  constructor(clock: Clock, terms: AttemptTerms) {
    this.target = terms.target;
    this.version = terms.version;
    this.#terms = terms;
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

  /** Submits the request. `settled` may be called before this returns. */
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
    this.#isOver = true;
    if (this.#admitted !== undefined) this.version.cancel(this.#admitted);
  }

  #caller(): Caller {
    const { caller, receivedAt, until } = this.#terms;
    const waitedMs = this.#startedAt - receivedAt;
    if (until === undefined) return waitedMs === 0 ? caller : { ...caller, waitedMs };
    return { ...caller, timeoutMs: until - receivedAt, waitedMs };
  }

  #settle(outcome: Answer | Refusal): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const admitted = this.#admitted;
    // One part has failed; the others are cancelled at the end of the turn, when the failing one is settled.
    if (isRefusal(outcome) && admitted instanceof SplitRequest)
      this.#clock.endOfTurn(() => this.version.cancel(admitted));
    this.settled(outcome);
  }
}
