import type { Random } from '../../base/random.ts';

/** What the traffic of a routed plan is made of. */
interface Traffic<Fault, Request> {
  readonly seed: number;
  readonly replicas: number;
  readonly faults: readonly Fault[];
  readonly requests: readonly Request[];
}

/** Three versions under faults, and a route that leads to them. */
export interface RoutedPlan<Plan = unknown, Request = unknown> {
  readonly seed: number;
  /** The plan of each version by the name of its model; their own requests are not used. */
  readonly versions: Readonly<Record<string, Plan>>;
  /** The settings of the route `r`, as in galley.yaml. */
  readonly route: object;
  readonly calls: readonly RoutedCallPlan<Request>[];
}

/** A call of the route. */
export interface RoutedCallPlan<Request = unknown> {
  readonly request: Request;
  readonly headers: Readonly<Record<string, string>>;
  /** Its client disconnects after this time. */
  readonly cancelAfterMs: number | undefined;
}

/** Share of the plans without a rush that also run a route. */
export const ROUTED_SHARE = 0.25;

const MODELS = ['a', 'b', 'c'];

/** Draws a route over three versions that have the faults of the plan in turn. */
export function drawRouted<Plan extends Traffic<Fault, Request>, Fault, Request>(
  plan: Plan,
  lastsMs: number,
  random: Random,
): RoutedPlan<Plan, Request> {
  const between = (low: number, high: number) => low + Math.floor(random.unit() * (high - low + 1));
  const chance = (share: number) => random.unit() < share;
  // The last one has no faults: a route is worth the most where something else still answers.
  const versions = MODELS.map((model, index) => {
    const faults = plan.faults.filter((_, at) => index < 2 && at % 2 === index);
    return [model, { ...plan, faults, requests: plan.requests }] as const;
  });
  return {
    seed: plan.seed,
    versions: Object.fromEntries(versions),
    route: drawRoute({ between, chance }),
    calls: plan.requests.map((request) => ({
      request,
      headers: {
        ...(chance(0.5) ? { 'x-user-id': `user-${between(0, 20)}` } : {}),
        ...(chance(0.2) ? { 'x-beta': 'yes' } : {}),
      },
      cancelAfterMs: chance(0.1) ? between(0, lastsMs / 40) : undefined,
    })),
  };
}

function drawRoute({
  between,
  chance,
}: {
  readonly between: (low: number, high: number) => number;
  readonly chance: (share: number) => boolean;
}): object {
  const sticky = chance(0.5) ? { stickyBy: 'header:x-user-id' } : {};
  const canary = {
    ...{
      from: 'a/1',
      to: 'b/1',
      steps: [10, 50, 100],
      every: `${between(1, 4)}s`,
      minRequests: between(1, 20),
    },
    gates: chance(0.5) ? { disagreement: 0.05 } : {},
    ...sticky,
  };
  const uses = [
    'a/1',
    { split: { 'a/1': between(1, 9), 'b/1': between(0, 9) }, ...sticky },
    { canary },
    { split: { 'a/1': 1, 'b/1': 1 }, experiment: { control: 'a/1', minOutcomes: 5 } },
  ];
  const steps = [
    ...(chance(0.6) ? ['b/1'] : []),
    ...(chance(0.3) ? [{ cached: { maxAge: '5s' } }] : []),
    ...(chance(0.4) ? ['c/1'] : []),
    ...(chance(0.4) ? [{ answer: { x: [1, 2, 3, 4] } }] : []),
  ];
  return {
    when: chance(0.3) ? [{ match: { header: { 'x-beta': 'y*' } }, use: 'b/1' }] : [],
    otherwise: uses[between(0, uses.length - 1)],
    fallback: steps,
    attemptShare: between(2, 9) / 10,
    ...(chance(0.4) ? { shadow: { to: 'c/1', share: between(1, 10) / 10, maxInFlight: between(1, 8) } } : {}),
    ...(chance(0.4)
      ? {
          hedge: {
            to: chance(0.5) ? 'b/1' : 'c/1',
            ...(chance(0.5) ? { afterMs: between(1, 200) } : {}),
            budget: 0.2,
          },
        }
      : {}),
  };
}
