import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Decision } from '../../routing/decide.ts';
import { failureCause } from '../../routing/fallback.ts';
import { choiceOf } from '../../routing/label.ts';
import type { ChoosePlan, Onward, Target } from '../../routing/route-plan.ts';
import type { ActiveRoute } from './active-route.ts';
import type { RouteTable } from './route-table.ts';
import type { AttemptFacts } from './routed-facts.ts';
import type { SplitState } from './split-state.ts';

const NONE: readonly string[] = [];
const NO_ATTEMPTS: readonly AttemptFacts[] = [];

/** Counts what one call through a route comes to, for the route, for its canary, and for an explanation. */
export class CallAccount {
  /** How the call was decided beside the rules, in words. */
  notes: readonly string[] = NONE;
  decision: Decision | undefined;
  readonly route: ActiveRoute;
  readonly #table: RouteTable;
  #attempts: readonly AttemptFacts[] = NO_ATTEMPTS;

  constructor(route: ActiveRoute, table: RouteTable) {
    this.route = route;
    this.#table = table;
  }

  get attempts(): readonly AttemptFacts[] {
    return this.#attempts;
  }

  /** The state of the split that was drawn; it may be that of another route, through which this one leads. */
  get drawn(): SplitState | undefined {
    const split = this.decision?.split;
    return split && this.#table.splitOf(split.plan);
  }

  decided(decision: Decision): void {
    this.decision = decision;
    this.route.countRule(decision);
    this.route.hedge?.earn();
  }

  /** Takes over where the answer of a classifier leads; its failure leads to `otherwise`. */
  chosen(
    plan: ChoosePlan,
    outcome: Answer | Refusal,
    decideAt: (to: Target | Onward) => Decision | undefined,
  ): Decision {
    const { to, why } = isRefusal(outcome)
      ? { to: plan.otherwise, why: `${plan.by.name} failed (${outcome.reason}): ${outcome.message}` }
      : choiceOf(plan, outcome);
    this.notes = [...this.notes, `${why}: ${to.name}`];
    const onward = decideAt(to);
    if (onward === undefined) throw new Error(`'${to.name}' does not decide a whole request`);
    this.decision = { ...onward, rule: this.decision?.rule ?? -1 };
    return this.decision;
  }

  /** A target has answered or failed after `ms`. */
  ended(target: string, outcome: Answer | Refusal, ms: number): void {
    const tally = this.route.tallyOf(target);
    const split = this.decision?.split;
    const drawn = split?.variant === target ? this.drawn : undefined;
    const canary = drawn?.canary;
    const variant = drawn?.tallies.get(target);
    if (!isRefusal(outcome)) {
      tally.answer(ms);
      variant?.answer(ms);
      canary?.answered(target, ms);
      this.#add({ target, result: 'answered', reason: undefined, ms });
      return;
    }
    const cause = failureCause(outcome);
    tally.fail(cause ?? 'refused');
    variant?.fail(cause ?? 'refused');
    if (cause !== undefined) canary?.failed(target);
    this.#add({ target, result: cause ?? 'refused', reason: outcome.reason, ms });
  }

  /** An attempt was ended after `ms`, because another one has answered (`isOutrun`), or the client has left. */
  cancelled(target: string, ms: number, isOutrun: boolean): void {
    const split = this.decision?.split;
    // It would have taken at least so long.
    if (isOutrun && split?.variant === target) this.drawn?.canary?.outrun(target, ms);
    this.#add({ target, result: 'cancelled', reason: undefined, ms });
  }

  /** The target whose answer came; undefined while there is none. */
  get answeredBy(): string | undefined {
    return this.attempts.findLast(({ result }) => result === 'answered')?.target;
  }

  #add(facts: AttemptFacts): void {
    // Mostly there is one.
    this.#attempts = this.#attempts.length === 0 ? [facts] : [...this.#attempts, facts];
  }

  hasTried(target: string): boolean {
    for (const attempt of this.attempts) if (attempt.target === target) return true;
    return false;
  }

  /** Announces the end of the call. */
  settled(request: string, servedBy: string): void {
    const { decision, attempts } = this;
    const split = decision?.split;
    this.#table.routed.emit({
      route: this.route.plan.name,
      request,
      rule: (decision?.rule ?? -1) + 1,
      variant: split?.variant ?? '',
      isSticky: split?.key !== undefined,
      attempts,
      servedBy,
    });
  }
}
