import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { type Decision, decide } from '../../routing/decide.ts';
import type { RequestView } from '../../routing/request/request-view.ts';
import { destinationsOf, plansOf, type Target, usesVersion } from '../../routing/route-plan.ts';
import type { ActiveRoute } from './active-route.ts';
import type { RouteTable } from './route-table.ts';

/** Where a route sends a request, as far as its metadata decides. */
export interface RouteDestination {
  readonly route: ActiveRoute;
  readonly view: RequestView;
  /** undefined where the body decides. */
  readonly decision: Decision | undefined;
  /** The version whose inputs the body is read for. */
  readonly version: VersionInService;
  /** Further versions whose inputs the body may have; only where it decides. */
  readonly others: readonly VersionInService[];
}

/** Decides a request from its metadata; refuses one whose route has no target that exists. */
export function enterRoute(
  route: ActiveRoute,
  view: RequestView,
  { table, registry }: { readonly table: RouteTable; readonly registry: ModelRegistry },
): RouteDestination | Refusal {
  if (view.version !== undefined && !usesVersion(route.plan)) {
    return refuse(
      'VERSION_UNKNOWN',
      `'${route.name}' is a route and has no versions: leave out /versions/${view.version.slice(0, 40)}, or call a model`,
    );
  }
  const decision = decide(route.plan, view, table);
  const leaf = decision?.leaf;
  if (decision !== undefined && leaf?.kind === 'refuse') {
    route.countRule(decision);
    const { name } = route;
    table.routed.emit({
      ...{ route: name, request: '', rule: decision.rule + 1, variant: decision.split?.variant ?? '' },
      ...{ isSticky: decision.split?.key !== undefined, attempts: [], servedBy: '' },
    });
    return route.refuse(leaf);
  }
  if (leaf?.kind === 'target') {
    const version = registry.find(leaf.model, leaf.version);
    if (!isRefusal(version) && version.metadata !== undefined)
      return { route, view, decision, version, others: [] };
  }
  const versions = targetsOf(route, table).flatMap(({ model, version }) => {
    const found = registry.find(model, version);
    return isRefusal(found) ? [] : [found];
  });
  const loaded = versions.filter(({ metadata }) => metadata !== undefined);
  const [version = versions[0], ...others] = loaded;
  if (version === undefined)
    return refuse('MODEL_UNKNOWN', `no target of the route '${route.name}' is served`);
  return { route, view, decision, version, others: decision === undefined ? others : [] };
}

/** All models that a route may lead to, through other routes too, without its shadow. */
export function targetsOf(
  { plan }: Pick<ActiveRoute, 'plan'>,
  table: Pick<RouteTable, 'routeNamed'>,
): readonly Target[] {
  const found = new Map<string, Target>();
  const seen = new Set<string>();
  const visit = (route: typeof plan): void => {
    if (seen.has(route.name)) return;
    seen.add(route.name);
    for (const to of [...plansOf(route).flatMap((each) => destinationsOf(each.plan)), ...route.fallback]) {
      const onward = to.kind === 'route' ? table.routeNamed(to.name) : undefined;
      if (to.kind === 'target') found.set(to.name, to);
      else if (onward !== undefined) visit(onward);
    }
  };
  visit(plan);
  return [...found.values()];
}
