import { isDeepStrictEqual } from 'node:util';
import { Event } from '../../base/event.ts';
import type { RoutesSettings } from '../../config/route-settings.ts';
import { compileRoutes } from '../../routing/compile-route.ts';
import type { RoutingState, Shared } from '../../routing/decide.ts';
import { destinationsOf, plansOf, type RoutePlan } from '../../routing/route-plan.ts';
import type { Weighted } from '../../routing/split.ts';
import { ActiveRoute, type RoutePorts, type RouteState } from './active-route.ts';
import type { CanaryChange } from './canary-run.ts';
import type { ExperimentChange } from './experiment-run.ts';
import type { RoutedFacts } from './routed-facts.ts';
import type { SplitState } from './split-state.ts';

/** A canary or an experiment of a route has changed. */
export interface RouteChange {
  readonly route: string;
  /** The variants, such as `digits/1 → digits/2`. */
  readonly subject: string;
  readonly change: CanaryChange | ExperimentChange;
}

const TICK_MS = 1_000;

/** The routes in service, by name. */
export class RouteTable implements RoutingState {
  /** A call through a route was answered. */
  readonly routed = new Event<RoutedFacts>();
  readonly changed = new Event<RouteChange>();
  readonly #ports: RoutePorts;
  #routes: ReadonlyMap<string, ActiveRoute> = new Map();
  #patterns: readonly ActiveRoute[] = [];
  #splits: ReadonlyMap<Shared, SplitState> = new Map();
  #isTicking = false;
  #isStopped = false;

  constructor(ports: RoutePorts) {
    this.#ports = ports;
  }

  /** The route that a name calls; undefined when it is the name of a model, or of nothing. */
  find(name: string): ActiveRoute | undefined {
    if (this.#routes.size === 0) return undefined;
    return this.#routes.get(name) ?? this.#patterns.find(({ plan }) => plan.pattern?.matches(name) === true);
  }

  all(): readonly ActiveRoute[] {
    return [...this.#routes.values()];
  }

  /**
   * Puts routes in the place of all present ones, between two requests. A route with equal settings goes on as it is; one
   * that changes keeps its canary and its experiment as far as they are the same. `kept` returns states from before a
   * restart.
   */
  replace(settings: RoutesSettings, kept: (route: string) => RouteState | undefined = () => undefined): void {
    const plans = compileRoutes(settings);
    const routes = new Map<string, ActiveRoute>();
    for (const [name, plan] of plans) {
      const wanted = settings[name] as RoutesSettings[string];
      const before = this.#routes.get(name);
      // Where a name leads depends on the other routes too.
      const isSame =
        before !== undefined &&
        isDeepStrictEqual(before.settings, wanted) &&
        leadsOf(before.plan) === leadsOf(plan);
      const route = isSame ? before : this.#open({ plan, settings: wanted }, before?.state ?? kept(name));
      if (route !== before && before?.experiment !== undefined) route.experiment?.takeOver(before.experiment);
      routes.set(name, route);
    }
    this.#splits = new Map(
      [...routes.values()].flatMap(({ splits }) => splits.map((split) => [split.plan, split])),
    );
    this.#patterns = [...routes.values()].filter(({ plan }) => plan.pattern !== undefined);
    this.#routes = routes;
    this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
  }

  routeNamed(name: string): RoutePlan | undefined {
    return this.#routes.get(name)?.plan;
  }

  splitOf(plan: Shared): SplitState | undefined {
    return this.#splits.get(plan);
  }

  weightsOf(plan: Shared): readonly Weighted[] {
    return (
      this.#splits.get(plan)?.weights ??
      (plan.kind === 'split' ? plan.arms : [{ name: plan.from.name, weight: 1 }])
    );
  }

  next(plan: Shared, weights: readonly Weighted[]): number {
    return this.#splits.get(plan)?.next(weights) ?? 0;
  }

  #open(what: ConstructorParameters<typeof ActiveRoute>[0], before: RouteState | undefined): ActiveRoute {
    const { name } = what.plan;
    const random = this.#ports.random.fork(`experiment/${name}`);
    const route = new ActiveRoute(what, { ...this.#ports, random }, before);
    const { canary, experiment } = route;
    canary?.changed.on((change) => {
      this.changed.emit({
        route: name,
        subject: `${canary.plan.from.name} → ${canary.plan.to.name}`,
        change,
      });
    });
    experiment?.changed.on((change) => {
      this.changed.emit({
        route: name,
        subject: experiment.plan.arms.map((arm) => arm.name).join(' or '),
        change,
      });
    });
    return route;
  }

  /** One timer for all canaries, while there are any. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    const { clock } = this.#ports;
    const tick = () => {
      const canaries = this.all().flatMap(({ canary }) => (canary === undefined ? [] : [canary]));
      this.#isTicking = !this.#isStopped && canaries.length > 0;
      if (!this.#isTicking) return;
      for (const canary of canaries) canary.tick();
      clock.at(clock.now() + TICK_MS, tick);
    };
    tick();
  }
}

/** Names and kinds of everything that a route leads to. */
function leadsOf(plan: RoutePlan): string {
  return plansOf(plan)
    .flatMap((each) => destinationsOf(each.plan))
    .map(({ kind, name }) => `${kind} ${name}`)
    .join('\n');
}
