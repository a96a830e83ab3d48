import type { Timer } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import { type Decision, decide, decideOnward } from '../../routing/decide.ts';
import { attemptDeadline, failureCause } from '../../routing/fallback.ts';
import type { ChoosePlan, Target } from '../../routing/route-plan.ts';
import type { OnSettled } from '../../serving/admission/admission-stage.ts';
import type { Entry } from '../../work/entry.ts';
import { Attempt } from './attempt.ts';
import { CallAccount } from './call-account.ts';
import { CallCopies } from './call-copies.ts';
import { FallbackChain } from './fallback-chain.ts';
import { feedbackId } from './feedback-id.ts';
import { hedgeDelayMs, hedgeTarget } from './hedging.ts';
import type { RoutedCall, RoutedPorts } from './routed-call.ts';

/** One call through a route: its decision, its attempts one after the other or side by side, and its one outcome. */
export class RoutedRequest {
  /** What answered, such as `digits/2`, `cached` or `answer`; empty until then, and after a refusal. */
  servedBy = '';
  /** The version whose form the answer has. */
  version: VersionInService;
  /** The id under which a value may be reported; undefined where no experiment waits for one. */
  requestId: string | undefined;
  readonly account: CallAccount;
  readonly #ports: RoutedPorts;
  readonly #call: RoutedCall;
  readonly #onSettled: OnSettled;
  readonly #copies: CallCopies | undefined;
  readonly #chain: FallbackChain;
  readonly #running: Attempt[] = [];
  #hedging: Timer | undefined;
  #outcome: Answer | Refusal | undefined;
  #isStarting = true;
  #explained: Entry | undefined;

  constructor(ports: RoutedPorts, call: RoutedCall, onSettled: OnSettled) {
    const { route, version } = call.destination;
    this.#ports = ports;
    this.#call = call;
    this.#onSettled = onSettled;
    this.version = version;
    this.account = new CallAccount(route, ports.table);
    this.#copies = CallCopies.of(route);
    this.#chain = new FallbackChain(call.destination, call.request);
  }

  /** The last entry whose path explains the answer. */
  get explained(): Entry | undefined {
    return this.#explained;
  }

  get isFallback(): boolean {
    return this.#chain.isUsed;
  }

  /** Makes the first attempt. `onSettled` is called once, perhaps before this returns. */
  start(): void {
    const { destination, request } = this.#call;
    const { route, view } = destination;
    const decision = destination.decision ?? decide(route.plan, { ...view, request }, this.#ports.table);
    if (decision === undefined) throw new Error(`route '${route.name}' does not decide a whole request`);
    this.account.decided(decision);
    this.#follow(decision);
    this.#isStarting = false;
  }

  /** The client has disconnected: nothing is attempted or answered any more. */
  cancel(): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = refuse('CANCELLED', 'the client has disconnected');
    this.#release(undefined);
  }

  #follow({ leaf }: Decision): void {
    switch (leaf.kind) {
      case 'target':
        this.#attempt(leaf, true);
        break;
      case 'choose':
        this.#ask(leaf);
        break;
      case 'answer':
        this.#settle(this.#chain.fixed(leaf.values).outcome, 'answer');
        break;
      case 'refuse':
        this.#settle(this.#call.destination.route.refuse(leaf), '');
        break;
    }
  }

  /** Asks a classifier with the inputs that it has; its time counts towards the deadline. */
  #ask(plan: ChoosePlan): void {
    const { request } = this.#call;
    const found = this.#ports.registry.find(plan.by.model, plan.by.version);
    if (isRefusal(found)) {
      this.#chosen(plan, found);
      return;
    }
    const names = found.metadata?.inputs.map(({ name }) => name) ?? [];
    const inputs = request.inputs.filter(({ name }) => names.includes(name));
    const attempt = this.#begin(plan.by, found, {
      request: { ...request, inputs },
      until: this.#call.deadline,
    });
    attempt.settled = (outcome) => {
      this.#end(attempt, outcome);
      this.#later(() => this.#chosen(plan, outcome));
    };
    attempt.start();
  }

  #chosen(plan: ChoosePlan, outcome: Answer | Refusal): void {
    const { request, destination } = this.#call;
    const view = { ...destination.view, request };
    this.#follow(this.account.chosen(plan, outcome, (to) => decideOnward(to, view, this.#ports.table)));
  }

  #attempt(target: Target, isFirst: boolean): void {
    const { destination, deadline, request } = this.#call;
    const { attemptShare } = destination.route.plan;
    const found = this.#ports.registry.find(target.model, target.version);
    const { hasNext } = this.#chain;
    if (isFirst) this.#copies?.send(request, target.name, isRefusal(found) ? undefined : found);
    const whyNot = isRefusal(found) ? found : hasNext ? notReady(found) : undefined;
    if (isRefusal(found) || whyNot !== undefined) {
      const refusal = whyNot ?? (found as Refusal);
      this.account.ended(target.name, refusal, 0);
      this.#failed(target, refusal);
      return;
    }
    const until = attemptDeadline(this.#ports.clock.now(), deadline, attemptShare, hasNext);
    // The settings of the version that the call began with give its deadline.
    const isUsual = until === deadline && found === destination.version;
    const attempt = this.#begin(target, found, { request, until: isUsual ? undefined : until });
    this.#watch(attempt);
    if (isFirst) this.#planHedge(target);
    attempt.start();
  }

  #begin(
    target: Target,
    version: VersionInService,
    how: { readonly request: InferenceRequest; readonly until: number | undefined },
  ): Attempt {
    const { caller, receivedAt } = this.#call;
    const attempt = new Attempt(this.#ports.clock, { target, version, ...how, caller, receivedAt });
    this.#running.push(attempt);
    return attempt;
  }

  #watch(attempt: Attempt): void {
    attempt.settled = (outcome) => {
      this.#end(attempt, outcome);
      if (isRefusal(outcome)) this.#later(() => this.#failed(attempt.target, outcome));
      else this.#answered(attempt, outcome);
    };
  }

  #end(attempt: Attempt, outcome: Answer | Refusal): void {
    const at = this.#running.indexOf(attempt);
    if (at !== -1) this.#running.splice(at, 1);
    this.#explained = attempt.entry ?? this.#explained;
    if (attempt.isTurnedAway)
      this.#ports.refused.emit({ version: attempt.version, refusal: outcome as Refusal });
    this.account.ended(attempt.target.name, outcome, attempt.ms);
  }

  #answered({ version, isHedge }: Attempt, answer: Answer): void {
    const { route } = this.#call.destination;
    if (isHedge) route.hedges.won += 1;
    this.version = version;
    this.#chain.keep(answer);
    this.#settle(answer, version.name);
  }

  /** Tries the next of the chain, unless another attempt still runs or the request itself is wrong. */
  #failed(target: Target, refusal: Refusal): void {
    if (this.#outcome !== undefined || this.#running.length > 0) return;
    const { route } = this.#call.destination;
    const cause = failureCause(refusal);
    const isLate = this.#ports.clock.now() >= this.#call.deadline;
    const step = cause === undefined || isLate ? undefined : this.#chain.next(this.account);
    if (cause === undefined || step === undefined) {
      this.#settle(refusal, '');
      return;
    }
    route.countFallback(target.name, cause);
    if (step.kind === 'target') this.#attempt(step, false);
    else this.#settle(step.outcome, step.by);
  }

  /** A second attempt elsewhere, should the first one be slow. */
  #planHedge(first: Target): void {
    const { route } = this.#call.destination;
    const afterMs = hedgeDelayMs(route, first);
    if (afterMs === undefined) return;
    const { clock, registry } = this.#ports;
    this.#hedging = clock.at(clock.now() + afterMs, () => {
      const hedge = this.#running.length === 0 ? undefined : hedgeTarget(route, registry);
      if (hedge === undefined) return;
      const attempt = this.#begin(...hedge, { request: this.#call.request, until: this.#call.deadline });
      attempt.isHedge = true;
      this.#watch(attempt);
      attempt.start();
    });
  }

  /** After the turn, because a version must not be called from within the outcome of another. */
  #later(run: () => void): void {
    if (this.#isStarting) run();
    else this.#ports.clock.endOfTurn(() => this.#outcome === undefined && run());
  }

  /** The only place where the call ends, once. */
  #settle(outcome: Answer | Refusal, servedBy: string): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const answer = isRefusal(outcome) ? undefined : outcome;
    this.servedBy = answer === undefined ? '' : servedBy;
    this.#release(answer);
    const { destination, request } = this.#call;
    if (answer !== undefined)
      this.requestId = feedbackId(this.#ports, this.account, { destination, request });
    this.account.settled(request.id, this.servedBy);
    this.#onSettled(outcome);
  }

  /** Ends what still runs, and gives the copies the answer that they are compared with. */
  #release(answer: Answer | undefined): void {
    this.#hedging?.cancel();
    for (const attempt of this.#running.splice(0)) {
      if (attempt.isHedge) this.#call.destination.route.hedges.lost += 1;
      this.account.cancelled(attempt.target.name, attempt.ms);
      attempt.cancel();
    }
    this.#copies?.original(answer, this.account.answeredBy);
  }
}

/** Why a version should get no traffic while the chain has another target. */
function notReady(version: VersionInService): Refusal | undefined {
  const why = version.whyNotReady;
  return why === undefined ? undefined : refuse('MODEL_STARTING', `${version.name} is not ready: ${why}`);
}
