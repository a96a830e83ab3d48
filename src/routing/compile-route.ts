import type {
  FallbackSettings,
  RouteSettings,
  RoutesSettings,
  UseSettings,
} from '../config/route-settings.ts';
import { compileExpression } from './request/expression.ts';
import { compileKeySource } from './request/key-source.ts';
import { compileMatch } from './request/match.ts';
import {
  type FallbackPlan,
  type Onward,
  type Plan,
  type RoutePlan,
  type Target,
  targetNamed,
} from './route-plan.ts';

/** Compiles all routes. Names that lead nowhere are found by {@link routeProblems}. */
export function compileRoutes(routes: RoutesSettings): ReadonlyMap<string, RoutePlan> {
  const names = new Set(Object.keys(routes));
  return new Map(Object.entries(routes).map(([name, route]) => [name, compileRoute(name, route, names)]));
}

function compileRoute(name: string, settings: RouteSettings, names: ReadonlySet<string>): RoutePlan {
  const { when, otherwise, fallback, attemptShare, shadow, hedge } = settings;
  return {
    name,
    pattern: name.includes('*') ? compileExpression(name) : undefined,
    rules: when.map(({ match, use }) => ({ match: compileMatch(match), use: planOf(use, names) })),
    otherwise: planOf(otherwise, names),
    fallback: fallback.map(fallbackOf),
    attemptShare,
    shadow: shadow && { ...shadow, to: targetNamed(shadow.to) },
    hedge: hedge && { ...hedge, to: targetNamed(hedge.to) },
  };
}

function planOf(use: UseSettings, names: ReadonlySet<string>): Plan {
  if (typeof use === 'string') return destination(use, names);
  const { split, stickyBy, experiment, canary, choose, named, answer, refuse } = use;
  if (split !== undefined) {
    const arms = Object.entries(split).map(([name, weight]) => ({
      name,
      weight,
      to: destination(name, names),
    }));
    return {
      kind: 'split',
      arms,
      stickyBy: stickyBy === undefined ? undefined : compileKeySource(stickyBy),
      experiment,
    };
  }
  if (canary !== undefined) {
    const { from, to, stickyBy: key } = canary;
    return {
      ...{ kind: 'canary', from: targetNamed(from), to: targetNamed(to), settings: canary },
      stickyBy: key === undefined ? undefined : compileKeySource(key),
    };
  }
  if (choose !== undefined) {
    const { by, output, confidence, threshold, targets, otherwise } = choose;
    return {
      ...{ kind: 'choose', by: targetNamed(by), output, confidence, threshold },
      targets: new Map(Object.entries(targets).map(([label, to]) => [label, destination(to, names)])),
      otherwise: destination(otherwise, names),
    };
  }
  if (named !== undefined) {
    const { by, among, otherwise } = named;
    return {
      ...{ kind: 'named', by: compileKeySource(by), among: among.map((to) => destination(to, names)) },
      otherwise: destination(otherwise, names),
    };
  }
  if (answer !== undefined) return { kind: 'answer', values: answer };
  return { kind: 'refuse', message: refuse ?? '' };
}

/** A route hides a model of its name; its versions stay targets of their own. */
function destination(name: string, names: ReadonlySet<string>): Target | Onward {
  return names.has(name) ? { kind: 'route', name } : targetNamed(name);
}

function fallbackOf(settings: FallbackSettings): FallbackPlan {
  if (typeof settings === 'string') return targetNamed(settings);
  const { cached, answer } = settings;
  if (cached !== undefined) return { kind: 'cached', maxAgeMs: cached.maxAge, maxBytes: cached.maxBytes };
  return { kind: 'answer', values: answer ?? {} };
}
