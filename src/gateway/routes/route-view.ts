import type { ActiveRoute } from './active-route.ts';
import type { RequestCopies } from './request-copies.ts';

/** A route as plain data, but for the histograms: for metrics and the admin API. */
export function routeView(route: ActiveRoute) {
  const { plan, ruleHits, tallies, answeredOtherwise, fallbacks, hedges, splits } = route;
  const { canary, experiment, shadow, controlCopies } = route;
  const copies = (target: string | undefined, of: RequestCopies | undefined) =>
    target === undefined || of === undefined
      ? []
      : [{ target, results: of.counts, lastDifference: of.lastDifference }];
  return {
    name: plan.name,
    rules: ruleHits.map((requests, index) => {
      return { rule: index < plan.rules.length ? String(index + 1) : 'otherwise', requests };
    }),
    targets: [...tallies].map(([target, { answered, failed, latency }]) => ({
      target,
      answered,
      failed,
      latency,
    })),
    answeredOtherwise,
    fallbacks: [...fallbacks].flatMap(([target, counts]) =>
      [...counts].map(([cause, count]) => ({ target, cause, count })),
    ),
    hedges,
    copies: [...copies(plan.shadow?.to.name, shadow), ...copies(canary?.plan.from.name, controlCopies)],
    shares: splits.flatMap(({ weights }) => {
      const total = weights.reduce((sum, { weight }) => sum + weight, 0);
      return weights.map(({ name, weight }) => ({ target: name, share: weight / total }));
    }),
    canary:
      canary === undefined
        ? null
        : {
            ...canary.state,
            ...{ steps: canary.plan.settings.steps, share: canary.share, because: canary.because },
          },
    experiment: experiment === undefined ? null : experimentView(route, experiment),
  };
}

function experimentView({ tallies }: ActiveRoute, experiment: NonNullable<ActiveRoute['experiment']>) {
  const { settings, phase, reason, outcomes, ids } = experiment;
  const { winner, comparisons, words } = experiment.conclusion();
  return {
    ...{ control: settings.control, goal: settings.goal, level: settings.level, phase, reason },
    ...{ conclusion: words, winner: winner ?? null, pending: ids.size },
    comparisons: comparisons.map((each) => ({ ...each, low: finite(each.low), high: finite(each.high) })),
    variants: [...outcomes].map(([variant, { count, mean, squares }]) => {
      const tally = tallies.get(variant);
      const failed = Object.values(tally?.failed ?? {}).reduce((sum, each) => sum + each, 0);
      return {
        ...{ variant, count, mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null },
        ...{ requests: (tally?.answered ?? 0) + failed, failed },
        p50Ms: tally?.latency.quantile(0.5) ?? null,
        p99Ms: tally?.latency.quantile(0.99) ?? null,
      };
    }),
  };
}

/** JSON has no infinity. */
function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}
