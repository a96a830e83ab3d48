import { isRefusal } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { commonMetadata, metadataProblems, type TargetMetadata } from '../../routing/route-metadata.ts';
import {
  destinationsOf,
  type Onward,
  plansOf,
  type RoutePlan,
  type Target,
} from '../../routing/route-plan.ts';
import { targetsOf } from './route-destination.ts';
import type { RouteTable } from './route-table.ts';

/** The models that routes lead to, and the routes that lead to each other. */
export interface RouteWorld {
  readonly registry: ModelRegistry;
  readonly table: Pick<RouteTable, 'routeNamed'>;
}

/** Why a route cannot answer every request now; undefined when it can, if only by its fallback. */
export function whyRouteNotReady(route: RoutePlan, world: RouteWorld): string | undefined {
  const { registry, table } = world;
  const problemOf = (to: Target | Onward): string | undefined => {
    if (to.kind === 'route') {
      const onward = table.routeNamed(to.name);
      return onward === undefined ? `'${to.name}' is gone` : whyRouteNotReady(onward, world);
    }
    const found = registry.find(to.model, to.version);
    if (isRefusal(found)) return `${to.name} is not served`;
    return found.isReady ? undefined : `${to.name} is not ready`;
  };
  const hasFallback = route.fallback.some(
    (step) => step.kind === 'answer' || (step.kind === 'target' && problemOf(step) === undefined),
  );
  if (hasFallback) return undefined;
  for (const { plan } of plansOf(route)) {
    for (const to of destinationsOf(plan)) {
      const problem = problemOf(to);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** What the loaded targets of a route have in common; undefined while none is loaded. */
export function routeMetadata(
  route: RoutePlan,
  world: RouteWorld,
): Pick<ModelMetadata, 'inputs' | 'outputs'> | undefined {
  const targets = loadedTargets(route, world);
  return targets.length === 0 ? undefined : commonMetadata(targets);
}

/** Where the loaded targets of a route disagree; empty when they do not. */
export function routeDisagreements(route: RoutePlan, world: RouteWorld): readonly string[] {
  const names = (list: readonly (Target | Onward)[]) =>
    list.filter(({ kind }) => kind === 'target').map(({ name }) => name);
  const fallback = names(route.fallback.filter((step) => step.kind === 'target'));
  const groups = plansOf(route).map(({ plan }) =>
    plan.kind === 'choose' || plan.kind === 'named' ? [] : [...names(destinationsOf(plan)), ...fallback],
  );
  const { shadow, hedge } = route;
  const others = [shadow?.to, hedge?.to].flatMap((to) => (to === undefined ? [] : [to]));
  return metadataProblems(
    [...loadedTargets(route, world), ...others.flatMap((to) => metadataOf(to, world))],
    groups,
  );
}

/** Outputs that a loaded classifier does not have: every request would go to `otherwise`. */
export function missingOutputs(route: RoutePlan, world: RouteWorld): readonly string[] {
  return plansOf(route).flatMap(({ plan }) => {
    const [by] = plan.kind === 'choose' ? metadataOf(plan.by, world) : [];
    if (plan.kind !== 'choose' || by === undefined) return [];
    const there = by.metadata.outputs.map(({ name }) => name);
    return [plan.output, plan.confidence].flatMap((name) =>
      name === undefined || there.includes(name)
        ? []
        : [`the classifier ${by.name} has no output '${name}'; it has ${there.join(', ')}`],
    );
  });
}

function loadedTargets(route: RoutePlan, world: RouteWorld): TargetMetadata[] {
  return targetsOf({ plan: route }, world.table).flatMap((to) => metadataOf(to, world));
}

function metadataOf({ name, model, version }: Target, { registry }: RouteWorld): TargetMetadata[] {
  const found = registry.find(model, version);
  const metadata = isRefusal(found) ? undefined : found.metadata;
  return metadata === undefined ? [] : [{ name, metadata }];
}
