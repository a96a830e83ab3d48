import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { RouteSettings } from '../../config/route-settings.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { Decision } from '../../routing/decide.ts';
import { EvenShare } from '../../routing/even-share.ts';
import type { FailureCause } from '../../routing/fallback.ts';
import { HedgeBudget } from '../../routing/hedge-budget.ts';
import { plansOf, type RefusePlan, type RoutePlan } from '../../routing/route-plan.ts';
import { ResponseCache } from '../../serving/admission/response-cache.ts';
import { CanaryRun, type CanaryState } from './canary-run.ts';
import { ExperimentRun, type ExperimentState } from './experiment-run.ts';
import { RequestCopies } from './request-copies.ts';
import { SplitState } from './split-state.ts';
import { TargetTally } from './target-tally.ts';

/** What a route keeps over restarts and reloads. */
export interface RouteState {
  readonly canary?: CanaryState | undefined;
  readonly experiment?: ExperimentState | undefined;
}

/** Dependencies of routes. */
export interface RoutePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: ModelRegistry;
}

/** Copies for the comparison of a canary with its control. */
const CONTROL_COPIES = { maxInFlight: 32, maxBytes: 32 * 1024 * 1024 };

/** A route in service: its plan, and everything that it counts and keeps. */
export class ActiveRoute {
  readonly plan: RoutePlan;
  readonly settings: RouteSettings;
  readonly splits: readonly SplitState[];
  readonly canary: CanaryRun | undefined;
  readonly experiment: ExperimentRun | undefined;
  readonly shadow: RequestCopies | undefined;
  readonly shadowShare: EvenShare;
  readonly hedge: HedgeBudget | undefined;
  readonly answers: ResponseCache | undefined;
  readonly tallies = new Map<string, TargetTally>();
  /** Requests by index of the rule; the last is `otherwise`. */
  readonly ruleHits: number[];
  /** Answers by what gave them instead of a target: `cached`, `answer`, or `refuse`. */
  readonly answeredOtherwise = { cached: 0, answer: 0, refuse: 0 };
  readonly fallbacks = new Map<string, Map<FailureCause, number>>();
  readonly hedges = { won: 0, lost: 0, failed: 0, unaffordable: 0 };

  constructor(
    { plan, settings }: { readonly plan: RoutePlan; readonly settings: RouteSettings },
    ports: RoutePorts,
    before: RouteState = {},
  ) {
    this.plan = plan;
    this.settings = settings;
    this.ruleHits = new Array<number>(plan.rules.length + 1).fill(0);
    const { shadow, hedge } = plan;
    this.splits = plansOf(plan).flatMap((each) => splitOf(each, ports, before));
    this.canary = this.splits.find(({ canary }) => canary !== undefined)?.canary;
    this.experiment = this.splits.find(({ experiment }) => experiment !== undefined)?.experiment;
    this.shadow = shadow && new RequestCopies(shadow, ports);
    this.shadowShare = new EvenShare(shadow?.share ?? 0);
    this.hedge = hedge && new HedgeBudget(hedge.budget);
    const cached = plan.fallback.find((step) => step.kind === 'cached');
    this.answers =
      cached && new ResponseCache(ports.clock, { maxBytes: cached.maxBytes, ttlMs: cached.maxAgeMs });
  }

  get name(): string {
    return this.plan.name;
  }

  get state(): RouteState {
    return { canary: this.canary?.state, experiment: this.experiment?.state };
  }

  tallyOf(target: string): TargetTally {
    let tally = this.tallies.get(target);
    if (tally === undefined) {
      tally = new TargetTally(this.hedge !== undefined);
      this.tallies.set(target, tally);
    }
    return tally;
  }

  countRule({ rule }: Pick<Decision, 'rule'>): void {
    const hit = rule === -1 ? this.ruleHits.length - 1 : rule;
    this.ruleHits[hit] = (this.ruleHits[hit] as number) + 1;
  }

  refuse({ message }: RefusePlan): Refusal {
    this.answeredOtherwise.refuse += 1;
    return refuse('INVALID_INPUT', message);
  }

  countFallback(target: string, cause: FailureCause): void {
    const counts = this.fallbacks.get(target) ?? new Map<FailureCause, number>();
    this.fallbacks.set(target, counts.set(cause, (counts.get(cause) ?? 0) + 1));
  }
}

function splitOf(
  { plan, path: [place, index] }: ReturnType<typeof plansOf>[number],
  ports: RoutePorts,
  before: RouteState,
): SplitState[] {
  const rule = place === 'when' ? String(Number(index) + 1) : 'otherwise';
  const { clock, random } = ports;
  if (plan.kind === 'canary') {
    const { gates, compare } = plan.settings;
    const terms = { ...CONTROL_COPIES, to: plan.from, compare };
    const controlCopies = gates.disagreement === undefined ? undefined : new RequestCopies(terms, ports);
    return [
      new SplitState({ plan, rule }, { canary: new CanaryRun(plan, clock, before.canary), controlCopies }),
    ];
  }
  if (plan.kind !== 'split') return [];
  const { experiment: settings } = plan;
  if (settings === undefined) return [new SplitState({ plan, rule }, {})];
  const experiment = new ExperimentRun({ plan, settings }, { clock, random }, before.experiment);
  return [new SplitState({ plan, rule }, { experiment })];
}
