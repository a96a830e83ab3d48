import type { Timer } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import { type Decision, decide, decideOnward } from '../../routing/decide.ts';
import { attemptDeadline, failureCause } from '../../routing/fallback.ts';
import type { ChoosePlan, Target } from '../../routing/route-plan.ts';
import type { OnSettled } from '../../serving/admission/admission-stage.ts';
import type { Entry } from '../../work/entry.ts';
import { Attempt, type AttemptOwner, notReady } from './attempt.ts';
import { CallAccount } from './call-account.ts';
import { CallCopies } from './call-copies.ts';
import { FallbackChain } from './fallback-chain.ts';
import { feedbackId } from './feedback-id.ts';
import { hedgeDelayMs, hedgeTarget } from './hedging.ts';
import type { RoutedCall, RoutedPorts } from './routed-call.ts';

/** One call through a route: its decision, its attempts one after the other or side by side, and its one outcome. */
export class RoutedRequest implements AttemptOwner {
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
  #copies: CallCopies | undefined;
  /** Made when it is needed. */
  #chain: FallbackChain | undefined;
  #running: Attempt | undefined;
  /** The second attempt beside it. */
  #hedge: Attempt | undefined;
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
  }

  /** The last entry whose path explains the answer. */
  get explained(): Entry | undefined {
    return this.#explained;
  }

  get isFallback(): boolean {
    return this.#chain?.isUsed === true;
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
    const names = found.metadata?.inputs.map(({ name }) => name) ?? [];
    const inputs = request.inputs.filter(({ name }) => names.includes(name));
    const attempt = this.#begin(plan.by, found, this.#call.deadline, { ...request, inputs });
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
    const { attemptShare } = destination.route.plan;
    const found = this.#ports.registry.find(target.model, target.version);
    const hasNext = this.#hasNext;
    const sent = { target: target.name, version: isRefusal(found) ? undefined : found };
    if (isFirst) this.#copies = CallCopies.send(this.#call.request, sent, this.account);
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
    const attempt = new Attempt(this.#ports.clock, terms, this);
    return attempt;
  }

  /** An attempt has ended by itself. */
  ended(attempt: Attempt, outcome: Answer | Refusal): void {
    if (attempt.isHedge) this.#hedge = undefined;
    else this.#running = undefined;
    this.#explained = attempt.entry ?? this.#explained;
    if (attempt.isTurnedAway)
      this.#ports.refused.emit({ version: attempt.version, refusal: outcome as Refusal });
    this.account.ended(attempt.target.name, outcome, attempt.ms);
    const { asks } = attempt;
    if (asks !== undefined) this.#later(() => this.#chosen(asks, outcome));
    else if (isRefusal(outcome)) this.#later(() => this.#failed(attempt.target, outcome));
    else this.#answered(attempt, outcome);
  }

  #answered({ version, isHedge }: Attempt, answer: Answer): void {
    const { route } = this.#call.destination;
    if (isHedge) route.hedges.won += 1;
    this.version = version;
    if (route.answers !== undefined) this.#fallback().keep(answer);
    this.#settle(answer, version.name);
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

  get #hasNext(): boolean {
    return this.#chain?.hasNext ?? this.#call.destination.route.plan.fallback.length > 0;
  }

  #fallback(): FallbackChain {
    const { destination, request } = this.#call;
    const leaf = this.account.decision?.leaf;
    this.#chain ??= new FallbackChain(destination, request, leaf?.kind === 'target' ? leaf.name : '');
    return this.#chain;
  }

  /** A second attempt elsewhere, should the first one be slow. */
  #planHedge(first: Target): void {
    const { route } = this.#call.destination;
    const afterMs = hedgeDelayMs(route, first);
    if (afterMs === undefined) return;
    const { clock, registry } = this.#ports;
    this.#hedging = clock.at(clock.now() + afterMs, () => {
      const hedge = this.#running === undefined ? undefined : hedgeTarget(route, registry);
      if (hedge === undefined) return;
      this.#hedge = this.#begin(...hedge, this.#call.deadline);
      this.#hedge.isHedge = true;
      this.#hedge.start();
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
    if (answer !== undefined && this.account.decision?.split !== undefined)
      this.requestId = feedbackId(this.#ports, this.account, { destination, request });
    this.account.settled(request.id, this.servedBy);
    this.#onSettled(outcome);
  }

  /** Ends what still runs, and gives the copies the answer that they are compared with. */
  #release(answer: Answer | undefined): void {
    this.#hedging?.cancel();
    if (this.#hedge !== undefined) this.#call.destination.route.hedges.lost += 1;
    this.#abandon(this.#hedge, answer !== undefined);
    this.#abandon(this.#running, answer !== undefined);
    this.#copies?.original(answer, this.account.answeredBy);
  }

  #abandon(attempt: Attempt | undefined, isOutrun: boolean): void {
    if (attempt === undefined) return;
    this.account.cancelled(attempt.target.name, attempt.ms, isOutrun);
    attempt.cancel();
  }
}
