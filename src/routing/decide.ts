import type { KeySource } from './request/key-source.ts';
import { isMatch } from './request/match.ts';
import type { RequestView } from './request/request-view.ts';
import type {
  CanaryPlan,
  ChoosePlan,
  NamedPlan,
  Onward,
  Plan,
  RefusePlan,
  RoutePlan,
  SplitPlan,
  StaticPlan,
  Target,
} from './route-plan.ts';
import { targetOfKey, type Weighted } from './split.ts';

/** Where a request goes first: a target, a fixed answer, a refusal, or a classifier that is asked. */
export type Leaf = Target | StaticPlan | RefusePlan | ChoosePlan;

/** A plan that gives its targets shares of the traffic. */
export type Shared = SplitPlan | CanaryPlan;

/** The decision of a route about one request. */
export interface Decision {
  readonly leaf: Leaf;
  /** Index of the rule of the route that was called; -1 when none matched. */
  readonly rule: number;
  /** The last split that was drawn; undefined without one. */
  readonly split: Drawn | undefined;
}

/** A draw of a split. */
export interface Drawn {
  readonly plan: Shared;
  /** The name of the target. */
  readonly variant: string;
  /** undefined for a request without a key, which counts towards exact shares. */
  readonly key: string | undefined;
}

/** The state of routes that decisions depend on. */
export interface RoutingState {
  routeNamed(name: string): RoutePlan | undefined;
  /** The weights of a split now. */
  weightsOf(plan: Shared): readonly Weighted[];
  /** Draws for a request without a key. */
  next(plan: Shared, weights: readonly Weighted[]): number;
  /** Receives each step of the decision. */
  note?(step: Step): void;
}

/** A step of a decision. */
export type Step =
  | {
      readonly kind: 'rule';
      readonly route: RoutePlan;
      readonly index: number;
      /** undefined: that depends on a body that is not read yet. */
      readonly matches: boolean | undefined;
    }
  | { readonly kind: 'otherwise'; readonly route: RoutePlan }
  | { readonly kind: 'route'; readonly route: RoutePlan }
  | { readonly kind: 'drawn'; readonly drawn: Drawn; readonly weights: readonly Weighted[] }
  | {
      readonly kind: 'named';
      readonly plan: NamedPlan;
      /** The name in the request. */
      readonly wanted: string | undefined;
      readonly to: Target | Onward;
    }
  | { readonly kind: 'key waits'; readonly by: KeySource };

const NO_RULE = -1;

/** Decides where a request goes; undefined when that depends on a body that is not read yet. */
export function decide(route: RoutePlan, view: RequestView, state: RoutingState): Decision | undefined {
  const rule = ruleFor(route, view, state);
  if (rule === undefined) return undefined;
  let plan: Plan = rule === NO_RULE ? route.otherwise : (route.rules[rule]?.use as Plan);
  let by = route;
  let split: Drawn | undefined;
  for (;;) {
    switch (plan.kind) {
      case 'route': {
        const onward = routeOf(plan, state);
        state.note?.({ kind: 'route', route: onward });
        const inner = ruleFor(onward, view, state);
        if (inner === undefined) return undefined;
        plan = inner === NO_RULE ? onward.otherwise : (onward.rules[inner]?.use as Plan);
        by = onward;
        break;
      }
      case 'split':
      case 'canary': {
        const { stickyBy } = plan;
        if (stickyBy !== undefined && waits(stickyBy, view, state)) return undefined;
        // Before the body, a draw must be final: a second one would take another's turn.
        if (view.request === undefined && mayNeedBody(plan, state)) return undefined;
        split = draw(by, plan, stickyBy?.keyOf(view), state);
        plan = armOf(plan, split.variant);
        break;
      }
      case 'named': {
        if (waits(plan.by, view, state)) return undefined;
        plan = namedBy(plan, view, state);
        break;
      }
      default:
        return { leaf: plan, rule, split };
    }
  }
}

/** Where the classifier's label leads, through further routes if it names one. */
export function decideOnward(
  to: Target | Onward,
  view: RequestView,
  state: RoutingState,
): Decision | undefined {
  if (to.kind === 'target') return { leaf: to, rule: NO_RULE, split: undefined };
  return decide(routeOf(to, state), view, state);
}

/** Whether a decision that begins with this plan can depend on the body. */
function mayNeedBody(plan: Plan, state: RoutingState): boolean {
  switch (plan.kind) {
    case 'route': {
      const { rules, otherwise } = routeOf(plan, state);
      const mayNeed = ({ match, use }: (typeof rules)[number]) =>
        match.some(({ needsBody }) => needsBody) || mayNeedBody(use, state);
      return rules.some(mayNeed) || mayNeedBody(otherwise, state);
    }
    case 'split':
      if (plan.stickyBy?.needsBody === true) return true;
      for (const { to } of plan.arms) if (mayNeedBody(to, state)) return true;
      return false;
    case 'canary':
      return plan.stickyBy?.needsBody === true;
    case 'named':
      return (
        plan.by.needsBody ||
        plan.among.some((each) => mayNeedBody(each, state)) ||
        mayNeedBody(plan.otherwise, state)
      );
    default:
      return false;
  }
}

/** The rule that matches; -1 for none, undefined when the body decides. */
function ruleFor(route: RoutePlan, view: RequestView, { note }: RoutingState): number | undefined {
  const { rules } = route;
  for (let index = 0; index < rules.length; index++) {
    const matches = isMatch((rules[index] as (typeof rules)[number]).match, view);
    note?.({ kind: 'rule', route, index, matches });
    if (matches === undefined) return undefined;
    if (matches) return index;
  }
  note?.({ kind: 'otherwise', route });
  return NO_RULE;
}

/** Whether a key is in a body that is not read yet. */
function waits(by: KeySource, { request }: RequestView, { note }: RoutingState): boolean {
  if (!by.needsBody || request !== undefined) return false;
  note?.({ kind: 'key waits', by });
  return true;
}

function draw(by: RoutePlan, plan: Shared, key: string | undefined, state: RoutingState): Drawn {
  const weights = state.weightsOf(plan);
  const index = key === undefined ? state.next(plan, weights) : targetOfKey(by.name, key, weights);
  const drawn = { plan, variant: (weights[index] as Weighted).name, key };
  state.note?.({ kind: 'drawn', drawn, weights });
  return drawn;
}

function armOf(plan: Shared, variant: string): Plan {
  if (plan.kind === 'canary') return plan.to.name === variant ? plan.to : plan.from;
  return (plan.arms.find(({ name }) => name === variant) ?? (plan.arms[0] as (typeof plan.arms)[number])).to;
}

function namedBy(plan: NamedPlan, view: RequestView, { note }: RoutingState): Target | Onward {
  const { by, among, otherwise } = plan;
  const wanted = by.keyOf(view);
  const to = among.find(({ name }) => name === wanted) ?? otherwise;
  note?.({ kind: 'named', plan, wanted, to });
  return to;
}

function routeOf({ name }: Onward, state: RoutingState): RoutePlan {
  const route = state.routeNamed(name);
  if (route === undefined) throw new Error(`route '${name}' was removed while another leads to it`);
  return route;
}
