import type { Refusal } from '../../base/errors.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { FallbackPlan, Target } from '../../routing/route-plan.ts';
import { contentKeyOf } from '../../serving/recovery/content-key.ts';
import type { CallAccount } from './call-account.ts';
import { fixedAnswer } from './fixed-answer.ts';
import type { RouteDestination } from './route-destination.ts';

/** An answer without a model. */
export interface Ready {
  readonly kind: 'ready';
  readonly outcome: Answer | Refusal;
  readonly by: 'answer' | 'cached';
}

/** The fallback of one call. */
export class FallbackChain {
  readonly #destination: RouteDestination;
  readonly #request: InferenceRequest;
  /** Key of the contents, where the chain has cached answers. */
  readonly #contentKey: string | undefined;
  #next = 0;

  /** `first` is the target of the decision: rules may give other callers with equal requests another one. */
  constructor(destination: RouteDestination, request: InferenceRequest, first: string) {
    this.#destination = destination;
    this.#request = request;
    const isKept = destination.route.answers !== undefined;
    this.#contentKey = isKept ? `${first}|${contentKeyOf(request)}` : undefined;
  }

  /** Number of steps that were taken. */
  get taken(): number {
    return this.#next;
  }

  /** Whether a cached answer is a further step. */
  get isCached(): boolean {
    const { route } = this.#destination;
    const isStep = route.plan.fallback.slice(this.#next).some(({ kind }) => kind === 'cached');
    return isStep && this.#contentKey !== undefined && route.answers?.find(this.#contentKey) !== undefined;
  }

  /** The next step that can help: a target that was not tried, or an answer. */
  next(account: CallAccount): Target | Ready | undefined {
    const { route } = this.#destination;
    for (;;) {
      const step = route.plan.fallback[this.#next];
      if (step === undefined) return undefined;
      this.#next += 1;
      if (step.kind === 'answer') return this.fixed(step.values);
      if (step.kind === 'target') {
        if (!account.hasTried(step.name)) return step;
        continue;
      }
      const answer = this.#contentKey === undefined ? undefined : route.answers?.find(this.#contentKey);
      if (answer === undefined) continue;
      route.answeredOtherwise.cached += 1;
      return { kind: 'ready', outcome: answer, by: 'cached' };
    }
  }

  fixed(values: Readonly<Record<string, unknown>>): Ready {
    const { route, version } = this.#destination;
    route.answeredOtherwise.answer += 1;
    return { kind: 'ready', outcome: fixedAnswer(values, this.#request, version), by: 'answer' };
  }

  /** Keeps an answer for later calls with equal contents, where the chain has cached answers. */
  keep(answer: Answer): void {
    if (this.#contentKey !== undefined) this.#destination.route.answers?.keep(this.#contentKey, answer);
  }
}

/** Whether any of these steps can follow a target: a fixed answer, or a target that is another one and was not tried. */
export function canFollow(steps: readonly FallbackPlan[], target: string, account: CallAccount): boolean {
  for (const step of steps) {
    const isLeft = step.kind === 'target' && step.name !== target && !account.hasTried(step.name);
    if (isLeft || step.kind === 'answer') return true;
  }
  return false;
}
