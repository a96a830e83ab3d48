import { type Decision, decide, type RoutingState, type Shared, type Step } from './decide.ts';
import type { RequestView } from './request/request-view.ts';
import type { RoutePlan } from './route-plan.ts';
import type { Weighted } from './split.ts';

/** A way that a request may go through a route. */
export interface Possibility {
  /** Its probability. */
  readonly share: number;
  /** undefined where a body that is not given decides. */
  readonly decision: Decision | undefined;
  readonly steps: readonly Step[];
}

/** Splits may lead to each other in more ways than can be listed. */
const MOST = 1_000;

/**
 * Every decision that the settings allow for a request, without a server: one, unless a split without a key decides by
 * turns. The routes must have no problems, such as loops. At most 1000 are returned, so the shares may add up to less than 1.
 */
export function possibleDecisions(
  route: RoutePlan,
  view: RequestView,
  routes: ReadonlyMap<string, RoutePlan>,
): readonly Possibility[] {
  const found: Possibility[] = [];
  const open: (readonly number[])[] = [[]];
  for (let draws = open.pop(); draws !== undefined && found.length < MOST; draws = open.pop()) {
    found.push(follow(route, view, { routes, draws, also: (other) => open.push(other) }));
  }
  return found;
}

/** Decides with the given draws, and takes the first target at each further one; `also` receives the others. */
function follow(
  route: RoutePlan,
  view: RequestView,
  {
    routes,
    draws,
    also,
  }: {
    readonly routes: ReadonlyMap<string, RoutePlan>;
    readonly draws: readonly number[];
    readonly also: (draws: readonly number[]) => void;
  },
): Possibility {
  const steps: Step[] = [];
  const drawn: number[] = [];
  let share = 1;
  const state: RoutingState = {
    routeNamed: (name) => routes.get(name),
    weightsOf: firstWeights,
    next(_, weights) {
      const likely = weights.flatMap(({ weight }, index) => (weight > 0 ? [index] : []));
      const index = draws[drawn.length] ?? (likely[0] as number);
      if (drawn.length >= draws.length) {
        // The last is followed first.
        for (const other of likely.slice(1).reverse()) also([...drawn, other]);
      }
      drawn.push(index);
      const total = weights.reduce((sum, { weight }) => sum + weight, 0);
      share *= (weights[index] as Weighted).weight / total;
      return index;
    },
    note: (step) => steps.push(step),
  };
  return { decision: decide(route, view, state), steps, share };
}

/** The weights of a split when a server starts for the first time. */
function firstWeights(plan: Shared): readonly Weighted[] {
  if (plan.kind === 'split') return plan.arms;
  const share = plan.settings.steps[0] ?? 0;
  return [
    { name: plan.from.name, weight: 100 - share },
    { name: plan.to.name, weight: share },
  ];
}
