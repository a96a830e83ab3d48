import { NO_OUTCOMES } from '../../routing/statistics/outcomes.ts';
import type { ActiveRoute } from './active-route.ts';
import type { RequestCopies } from './request-copies.ts';
import type { SplitState } from './split-state.ts';

/** A route as plain data, but for the histograms: for metrics and the admin API. */
export function routeView(route: ActiveRoute) {
  const { plan, ruleHits, tallies, answeredOtherwise, fallbacks, hedges, splits } = route;
  const { canary, experiment, shadow } = route;
  const copies = (
    purpose: 'shadow' | 'control',
    target: string | undefined,
    of: RequestCopies | undefined,
  ) =>
    target === undefined || of === undefined
      ? []
      : [{ purpose, target, results: of.counts, lastDifference: of.lastDifference }];
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
    copies: [
      ...copies('shadow', plan.shadow?.to.name, shadow),
      ...splits.flatMap((split) => copies('control', split.canary?.plan.from.name, split.controlCopies)),
    ],
    shares: splits.flatMap(({ rule, weights }) => {
      const total = weights.reduce((sum, { weight }) => sum + weight, 0);
      return weights.map(({ name, weight }) => ({ rule, target: name, share: weight / total }));
    }),
    canary: canary === undefined ? null : canaryView(route, canary),
    experiment: experiment === undefined ? null : experimentView(route, experiment),
  };
}

function canaryView({ splits }: ActiveRoute, canary: NonNullable<ActiveRoute['canary']>) {
  const { steps } = canary.plan.settings;
  const variants = variantsOf(splits.find((split) => split.canary === canary));
  return { ...canary.state, steps, share: canary.share, because: canary.because, variants };
}

function experimentView({ splits }: ActiveRoute, experiment: NonNullable<ActiveRoute['experiment']>) {
  const { settings, phase, reason, outcomes, ids } = experiment;
  const { winner, comparisons, words } = experiment.conclusion();
  return {
    ...{ control: settings.control, goal: settings.goal, level: settings.level, phase, reason },
    ...{ conclusion: words, winner: winner ?? null, pending: ids.size },
    comparisons: comparisons.map((each) => ({ ...each, low: finite(each.low), high: finite(each.high) })),
    variants: variantsOf(splits.find((split) => split.experiment === experiment)).map((variant) => {
      const { count, mean, squares } = outcomes.get(variant.variant) ?? NO_OUTCOMES;
      return { ...variant, count, mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null };
    }),
  };
}

/** What was seen of each variant since the start or the last change of the settings, through any route. */
function variantsOf(split: SplitState | undefined) {
  const { weights = [], tallies } = split ?? {};
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  return weights.map(({ name: variant, weight }) => {
    const { answered = 0, failed: causes = {}, latency } = tallies?.get(variant) ?? {};
    const failed = Object.values(causes).reduce((sum, each) => sum + each, 0);
    return {
      ...{ variant, share: weight / total, requests: answered + failed, failed },
      p50Ms: answered === 0 ? null : (latency?.quantile(0.5) ?? null),
      p99Ms: answered === 0 ? null : (latency?.quantile(0.99) ?? null),
    };
  });
}

/** JSON has no infinity. */
function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}
