import type { Clock, Timer } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Target } from '../../routing/route-plan.ts';
import type { ActiveRoute } from './active-route.ts';

/** The share of the answers of a target that come before a second attempt starts. */
const HEDGE_QUANTILE = 0.95;

/** Calls `start` when the first attempt has taken long enough and a second one is affordable; undefined without a hedge. */
export function planHedge(
  { clock, registry }: { readonly clock: Clock; readonly registry: ModelRegistry },
  { route, first }: { readonly route: ActiveRoute; readonly first: Target },
  start: (to: Target, version: VersionInService) => void,
): Timer | undefined {
  const afterMs = hedgeDelayMs(route, first);
  if (afterMs === undefined) return undefined;
  return clock.at(clock.now() + afterMs, () => {
    const hedge = hedgeTarget(route, registry);
    if (hedge !== undefined) start(...hedge);
  });
}

/** Time after which a second attempt starts; undefined where there is none, or nothing is known of the target yet. */
function hedgeDelayMs(route: ActiveRoute, first: Target): number | undefined {
  const { hedge } = route.plan;
  if (hedge === undefined || hedge.to.name === first.name) return undefined;
  return hedge.afterMs ?? route.tallyOf(first.name).recent?.quantile(HEDGE_QUANTILE);
}

/** Where the second attempt goes; undefined where it cannot, or the budget is used up. It is paid for. */
function hedgeTarget(
  { plan, hedge, hedges }: ActiveRoute,
  registry: ModelRegistry,
): readonly [Target, VersionInService] | undefined {
  const to = plan.hedge?.to;
  const version = to && registry.find(to.model, to.version);
  if (to === undefined || version === undefined || isRefusal(version) || !version.isReady) return undefined;
  if (hedge?.spend() === true) return [to, version];
  hedges.unaffordable += 1;
  return undefined;
}
