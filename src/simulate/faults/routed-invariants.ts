import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { RouteTable } from '../../gateway/routes/route-table.ts';
import type { RoutedFacts } from '../../gateway/routes/routed-facts.ts';
import type { Answer } from '../../model/inference.ts';
import { failureCause } from '../../routing/fallback.ts';
import type { FaultPlan, PlannedRequest } from './fault-plan.ts';
import { MARK } from './fault-plan.ts';
import type { Violation } from './invariants.ts';
import type { RoutedPlan } from './routed-plan.ts';

/** Second attempts beyond the budget that a burst allows. */
const HEDGE_BURST = 10;

/** Observes the calls of a route under faults and checks its rules. */
export class RoutedInvariants {
  readonly violations: Violation[] = [];
  readonly #plan: RoutedPlan<FaultPlan, PlannedRequest>;
  readonly #clock: Clock;
  readonly #table: RouteTable;
  readonly #outcomes = new Map<number, (Answer | Refusal)[]>();
  readonly #left = new Set<number>();
  readonly #announced = new Map<string, number>();

  constructor(plan: RoutedPlan<FaultPlan, PlannedRequest>, clock: Clock, table: RouteTable) {
    this.#plan = plan;
    this.#clock = clock;
    this.#table = table;
    table.routed.on((facts) => this.#onRouted(facts));
  }

  asked(id: number): void {
    this.#outcomes.set(id, []);
  }

  settled(id: number, outcome: Answer | Refusal): void {
    this.#outcomes.get(id)?.push(outcome);
    if (this.#left.has(id)) this.#fail('a client that left gets no answer', `call ${id}`);
  }

  /** Its client has disconnected. */
  left(id: number): void {
    if ((this.#outcomes.get(id)?.length ?? 0) === 0) this.#left.add(id);
  }

  threw(error: unknown): void {
    this.#fail('routes never throw', String((error as Error).stack ?? error));
  }

  /** Call after all deadlines have passed. */
  checkEnd(): void {
    for (const [id, outcomes] of this.#outcomes) this.#checkCall(id, outcomes);
    for (const [id, count] of this.#announced) {
      if (count > 1) this.#fail('a call ends once', `call ${id} was announced ${count} times`);
    }
    for (const route of this.#table.all()) {
      const { hedges, shadow, plan, splits } = route;
      for (const copies of [shadow, ...splits.map(({ controlCopies }) => controlCopies)]) {
        if (copies !== undefined && copies.inFlight !== 0)
          this.#fail('copies end', `${copies.inFlight} copies are in flight`);
      }
      const most = this.#plan.calls.length * (plan.hedge?.budget ?? 0) + HEDGE_BURST;
      if (hedges.won + hedges.lost > most)
        this.#fail('second attempts stay within their budget', `${hedges.won + hedges.lost} of ${most}`);
      for (const { weights } of splits) {
        const sum = weights.reduce((total, { weight }) => total + weight, 0);
        if (!(sum > 0)) this.#fail('a split always has a target', JSON.stringify(weights));
      }
    }
  }

  #checkCall(id: number, outcomes: readonly (Answer | Refusal)[]): void {
    if (this.#left.has(id)) return;
    if (outcomes.length !== 1)
      this.#fail('every call answered exactly once', `call ${id}: ${outcomes.length} answers`);
    const [outcome] = outcomes;
    const hasFixed = this.#table.all().some(({ plan }) => plan.fallback.at(-1)?.kind === 'answer');
    if (outcome === undefined || !isRefusal(outcome) || !hasFixed) return;
    const isGood = this.#plan.calls[id]?.request.mark === MARK.none;
    const isLate = /^DEADLINE/.test(outcome.reason);
    if (isGood && !isLate && failureCause(outcome) !== undefined)
      this.#fail('a chain with a fixed answer refuses no good call', `call ${id}: ${outcome.reason}`);
  }

  #onRouted({ request, attempts, servedBy }: RoutedFacts): void {
    this.#announced.set(request, (this.#announced.get(request) ?? 0) + 1);
    const answered = attempts.filter(({ result }) => result === 'answered');
    if (answered.length > 1) this.#fail('one attempt answers', `call ${request}: ${answered.length} did`);
    const isModel = servedBy !== '' && servedBy !== 'answer' && servedBy !== 'cached';
    if (isModel && answered.length !== 1)
      this.#fail('one attempt answers', `call ${request}: ${servedBy}, but no attempt did`);
  }

  #fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail: `at ${this.#clock.now().toFixed(1)} ms: ${detail}` });
  }
}
