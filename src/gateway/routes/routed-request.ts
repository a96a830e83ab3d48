import type { Timer } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import { type Decision, decide, decideOnward } from '../../routing/decide.ts';
import { attemptDeadline, failureCause } from '../../routing/fallback.ts';
import type { ChoosePlan, Target } from '../../routing/route-plan.ts';
import type { OnSettled } from '../../serving/admission/admission-stage.ts';
import type { Entry } from '../../work/entry.ts';
import { Attempt, type AttemptOwner, versionFor, withInputsOf } from './attempt.ts';
import { CallAccount } from './call-account.ts';
import { CallCopies } from './call-copies.ts';
import { canFollow, FallbackChain } from './fallback-chain.ts';
import { feedbackId } from './feedback-id.ts';
import { planHedge } from './hedging.ts';
import type { RoutedCall, RoutedPorts } from './routed-call.ts';

/** One call through a route: its decision, its attempts one after the other or side by side, and its one outcome. */
export class RoutedRequest implements AttemptOwner {
  /** What answered, such as `digits/2`, `cached` or `answer`; empty until then, and after a refusal. */
  servedBy = '';
  /** The version whose form the answer has. */
  version: VersionInService;
  /** The id under which a value may be reported; undefined where no experiment waits for one. */
  requestId: string | undefined;
  /** The last entry whose path explains the answer. */
  explained: Entry | undefined;
  readonly account: CallAccount;
  readonly #ports: RoutedPorts;
  readonly #call: RoutedCall;
  readonly #onSettled: OnSettled;
  #copies: CallCopies | undefined;
  #chain: FallbackChain | undefined;
  #running: Attempt | undefined;
  #hedge: Attempt | undefined;
  #hedging: Timer | undefined;
  #outcome: Answer | Refusal | undefined;
  #isStarting = true;

  constructor(ports: RoutedPorts, call: RoutedCall, onSettled: OnSettled) {
    const { route, version } = call.destination;
    this.#ports = ports;
    this.#call = call;
    this.#onSettled = onSettled;
    this.version = version;
    this.account = new CallAccount(route, ports.table);
  }

  get isFallback(): boolean {
    return (this.#chain?.taken ?? 0) > 0;
  }

  /** Makes the first attempt. `onSettled` is called once, perhaps before this returns. */
  start(): void {
    const { destination, request } = this.#call;
    const { route, view } = destination;
    const decision = destination.decision ?? decide(route.plan, { ...view, request }, this.#ports.table);
    if (decision === undefined) throw new Error(`'${route.name}' does not decide a whole request`);
    this.account.decided(decision);
    this.#follow(decision);
    this.#isStarting = false;
  }

  /** The client has disconnected: nothing is attempted or answered any more. */
  cancel(): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = refuse('CANCELLED', 'the client has disconnected');
    this.#release(undefined);
    this.account.settled(this.#call.request.id, '');
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
        this.#settle(this.#fallback().fixed(leaf.values).outcome, 'answer');
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
    const attempt = this.#begin(plan.by, found, this.#deadlineOf(true), withInputsOf(found, request));
    attempt.asks = plan;
    this.#running = attempt;
    attempt.start();
  }

  #chosen(plan: ChoosePlan, outcome: Answer | Refusal): void {
    const { request, destination } = this.#call;
    const view = { ...destination.view, request };
    this.#follow(this.account.chosen(plan, outcome, (to) => decideOnward(to, view, this.#ports.table)));
  }

  #attempt(target: Target, isFirst: boolean): void {
    const { destination, deadline } = this.#call;
    const hasNext = this.#hasNext(target);
    const found = versionFor(this.#ports.registry, target, hasNext);
    const sent = { target: target.name, version: isRefusal(found) ? undefined : found };
    if (isFirst) this.#copies = CallCopies.send(this.#call.request, sent, this.account);
    if (isRefusal(found)) {
      this.account.ended(target.name, found, 0);
      this.#failed(target, found);
      return;
    }
    const until = this.#deadlineOf(hasNext);
    // The settings of the version that the call began with give its deadline.
    const isUsual = until === deadline && found === destination.version;
    const attempt = this.#begin(target, found, isUsual ? undefined : until);
    this.#running = attempt;
    if (isFirst) this.#planHedge(target);
    attempt.start();
  }

  #begin(
    target: Target,
    version: VersionInService,
    until: number | undefined,
    request = this.#call.request,
  ): Attempt {
    const { caller, receivedAt } = this.#call;
    const terms = { target, version, request, caller, receivedAt, until };
    return new Attempt(this.#ports.clock, terms, this);
  }

  /** An attempt has ended by itself. */
  ended(attempt: Attempt, outcome: Answer | Refusal): void {
    if (attempt.isHedge) this.#hedge = undefined;
    else {
      this.#running = undefined;
      this.#hedging?.cancel();
    }
    if (attempt.isHedge && isRefusal(outcome)) this.#call.destination.route.hedges.failed += 1;
    this.explained = attempt.entry ?? this.explained;
    if (attempt.isTurnedAway)
      this.#ports.refused.emit({ version: attempt.version, refusal: outcome as Refusal });
    this.account.ended(attempt.target.name, outcome, attempt.ms);
    const { asks } = attempt;
    if (asks !== undefined) this.#later(() => this.#chosen(asks, outcome));
    else if (isRefusal(outcome)) this.#later(() => this.#failed(attempt.target, outcome));
    else {
      const { route } = this.#call.destination;
      if (attempt.isHedge) route.hedges.won += 1;
      this.version = attempt.version;
      if (route.answers !== undefined) this.#fallback().keep(outcome);
      this.#settle(outcome, attempt.version.name);
    }
  }

  /** Tries the next of the chain, unless another attempt still runs or the request itself is wrong. */
  #failed(target: Target, refusal: Refusal): void {
    if (this.#outcome !== undefined || this.#running !== undefined || this.#hedge !== undefined) return;
    const { route } = this.#call.destination;
    const cause = failureCause(refusal);
    const isLate = this.#ports.clock.now() >= this.#call.deadline;
    const step = cause === undefined || isLate ? undefined : this.#fallback().next(this.account);
    if (cause === undefined || step === undefined) {
      this.#settle(refusal, '');
      return;
    }
    route.countFallback(target.name, cause);
    if (step.kind === 'target') this.#attempt(step, false);
    else this.#settle(step.outcome, step.by);
  }

  #hasNext({ name }: Target): boolean {
    const { route } = this.#call.destination;
    const { fallback } = route.plan;
    const left = this.#chain === undefined ? fallback : fallback.slice(this.#chain.taken);
    return canFollow(left, name, this.account) || (route.answers !== undefined && this.#fallback().isCached);
  }

  #deadlineOf(hasNext: boolean): number {
    const { destination, deadline } = this.#call;
    return attemptDeadline(this.#ports.clock.now(), deadline, destination.route.plan.attemptShare, hasNext);
  }

  #fallback(): FallbackChain {
    const { destination, request } = this.#call;
    const leaf = this.account.decision?.leaf;
    this.#chain ??= new FallbackChain(destination, request, leaf?.kind === 'target' ? leaf.name : '');
    return this.#chain;
  }

  /** A second attempt elsewhere, should the first one be slow. */
  #planHedge(first: Target): void {
    this.#hedging = planHedge(this.#ports, { route: this.#call.destination.route, first }, (to, version) => {
      if (this.#running === undefined) return;
      this.#hedge = this.#begin(to, version, this.#deadlineOf(this.#hasNext(to)));
      this.#hedge.isHedge = true;
      this.#hedge.start();
    });
  }

  /** After the turn, because a version must not be called from within the outcome of another. */
  #later(run: () => void): void {
    if (this.#isStarting) {
      run();
      return;
    }
    this.#ports.clock.endOfTurn(() => {
      if (this.#outcome !== undefined) return;
      try {
        run();
      } catch (error) {
        // The call would wait for ever.
        reportMistake('a call of a route', error);
        this.#settle(refuse('INTERNAL', 'internal error'), '');
      }
    });
  }

  /** The only place where the call ends, once. */
  #settle(outcome: Answer | Refusal, servedBy: string): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const answer = isRefusal(outcome) ? undefined : outcome;
    this.servedBy = answer === undefined ? '' : servedBy;
    this.#release(answer);
    const { destination, request } = this.#call;
    if (answer !== undefined && this.account.decision?.split !== undefined)
      this.requestId = feedbackId(this.#ports, this.account, { destination, request });
    this.account.settled(request.id, this.servedBy);
    this.#onSettled(outcome);
  }

  /** Ends what still runs, and gives the copies the answer that they are compared with. */
  #release(answer: Answer | undefined): void {
    this.#hedging?.cancel();
    if (this.#hedge !== undefined) this.#call.destination.route.hedges.lost += 1;
    this.#hedge?.abandon(this.account, answer !== undefined);
    this.#running?.abandon(this.account, answer !== undefined);
    this.#copies?.original(answer, this.account.answeredBy);
  }
}
