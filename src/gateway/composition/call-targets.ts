import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { plansOf, targetNamed } from '../../routing/route-plan.ts';
import type { ActiveRoute } from '../routes/active-route.ts';
import { targetsOf } from '../routes/route-destination.ts';
import { whyRouteNotReady } from '../routes/route-status.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { CallGraph } from './call-graph.ts';

/** The models that may be called, and the routes that lead to them. */
export interface CallWorld {
  readonly registry: ModelRegistry;
  readonly table: RouteTable;
}

/** Finds what a model calls by name, as a client would, and keeps calls free of circles. */
export class CallTargets {
  readonly #world: CallWorld;
  readonly #graph = new CallGraph();

  constructor(world: CallWorld) {
    this.#world = world;
    const { registry } = world;
    registry.added.on(({ name }) => this.#graph.forget(name));
    registry.forgotten.on(({ name }) => this.#graph.forget(name));
  }

  /** The version that a name leads to; for a route, the first loaded one of its targets, or the route beside it. */
  find(
    name: string,
  ): { readonly version: VersionInService; readonly route: ActiveRoute | undefined } | Refusal {
    const { registry, table } = this.#world;
    const { model, version: wanted } = targetNamed(name);
    const route = wanted === undefined ? table.find(model) : undefined;
    if (route === undefined) {
      const version = registry.find(model, wanted);
      return isRefusal(version) ? version : { version, route };
    }
    const versions = this.#versionsOf(route);
    const version = versions.find(({ metadata }) => metadata !== undefined) ?? versions[0];
    if (version !== undefined) return { version, route };
    return refuse('MODEL_UNKNOWN', `no target of the route '${name}' is served`);
  }

  /** Why a version must not call a model or route: they would call each other in a circle. undefined when it may. */
  whyCircular(by: string, name: string): string | undefined {
    const found = this.find(name);
    if (isRefusal(found)) return undefined;
    const versions = found.route === undefined ? [found.version] : this.#versionsOf(found.route);
    for (const version of versions) {
      const circle = this.#graph.add(by, version.name);
      if (circle !== undefined)
        return `${by} cannot call '${name}', because models must not call each other in a circle: ${circle.join(' → ')}`;
    }
    return undefined;
  }

  /** Why a version that declares that it calls these models cannot be served; undefined when it can. */
  whyUnusable(by: string, names: readonly string[]): string | undefined {
    for (const name of names) {
      const found = this.find(name);
      if (isRefusal(found)) return `it uses '${name}': ${found.message}`;
      const circle = this.whyCircular(by, name);
      if (circle !== undefined) return circle;
    }
    return undefined;
  }

  /** Which of the used models is not ready, and why; undefined when all are. */
  whyNotReady(names: readonly string[]): string | undefined {
    for (const name of names) {
      const found = this.find(name);
      const why = isRefusal(found)
        ? 'it is not served'
        : found.route === undefined
          ? found.version.whyNotReady
          : whyRouteNotReady(found.route.plan, this.#world);
      if (why !== undefined) return `waiting for '${name}', which it uses: ${why}`;
    }
    return undefined;
  }

  /** The targets of a route that are served, and its classifiers. */
  #versionsOf(route: ActiveRoute): readonly VersionInService[] {
    const { registry, table } = this.#world;
    const classifiers = plansOf(route.plan).flatMap(({ plan }) => (plan.kind === 'choose' ? [plan.by] : []));
    return [...targetsOf(route, table), ...classifiers].flatMap(({ model, version }) => {
      const found = registry.find(model, version);
      return isRefusal(found) ? [] : [found];
    });
  }
}
