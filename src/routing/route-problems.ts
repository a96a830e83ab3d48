import { nearestName } from '../base/nearest.ts';
import { isDatatype } from '../tensor/datatype.ts';
import type { Match } from './request/match.ts';
import {
  destinationsOf,
  type Onward,
  type Plan,
  plansOf,
  type RoutePlan,
  type Target,
} from './route-plan.ts';

/** What is wrong in a route, and where in the settings. */
export interface RouteProblem {
  readonly path: readonly string[];
  readonly text: string;
}

/** The versions of each model that is served, by name; any where its files cannot be read now. */
export type KnownModels = ReadonlyMap<string, readonly string[] | 'any'>;

/** Problems that no schema shows: unknown targets, loops, rules that are never reached, fallbacks without use. */
export function routeProblems(
  routes: ReadonlyMap<string, RoutePlan>,
  models: KnownModels,
): readonly RouteProblem[] {
  return [...routes.values()].flatMap((route) => {
    const at = (path: readonly string[]) => ['routes', route.name, ...path];
    const places = placesOf(route);
    return [
      ...places.flatMap(({ to, path, onlyModel }) => {
        const text = targetProblem(to, { routes, models, onlyModel });
        return text === undefined ? [] : [{ path: at(path), text }];
      }),
      ...unreachableRules(route).map((each) => ({ ...each, path: at(each.path) })),
      ...fallbackProblems(route).map((each) => ({ ...each, path: at(each.path) })),
      ...planProblems(route).map((each) => ({ ...each, path: at(each.path) })),
      ...loopOf(route, routes).map((text) => ({ path: at([]), text })),
    ];
  });
}

interface Place {
  readonly to: Target | Onward;
  readonly path: readonly string[];
  readonly onlyModel: boolean;
}

/** Every target of a route with its place. */
function placesOf(route: RoutePlan): Place[] {
  const { fallback, shadow, hedge } = route;
  const places = plansOf(route).flatMap(({ plan, path }) => [
    ...waysOf(plan).map(([to, ...inner]) => ({
      to,
      path: [...path, ...inner],
      onlyModel: plan.kind === 'canary',
    })),
    ...(plan.kind === 'choose' ? [{ to: plan.by, path: [...path, 'choose', 'by'], onlyModel: true }] : []),
  ]);
  const steps = fallback.flatMap((to, index) =>
    to.kind === 'target' ? [{ to, path: ['fallback', String(index)], onlyModel: true }] : [],
  );
  const one = (name: string, to: Target | undefined) =>
    to === undefined ? [] : [{ to, path: [name, 'to'], onlyModel: true }];
  return [...places, ...steps, ...one('shadow', shadow?.to), ...one('hedge', hedge?.to)];
}

/** The targets that a plan may lead to, each with its place in the plan. */
function waysOf(plan: Plan): (readonly [Target | Onward, ...string[]])[] {
  switch (plan.kind) {
    case 'target':
    case 'route':
      return [[plan]];
    case 'split':
      return plan.arms.map(({ name, to }) => [to, 'split', name]);
    case 'canary':
      return [
        [plan.from, 'canary', 'from'],
        [plan.to, 'canary', 'to'],
      ];
    case 'choose':
      return [
        ...[...plan.targets].map(([label, to]) => [to, 'choose', 'targets', label] as const),
        [plan.otherwise, 'choose', 'otherwise'],
      ];
    case 'named':
      return [
        ...plan.among.map((to, index) => [to, 'named', 'among', String(index)] as const),
        [plan.otherwise, 'named', 'otherwise'],
      ];
    case 'answer':
    case 'refuse':
      return [];
  }
}

interface Known {
  readonly routes: ReadonlyMap<string, RoutePlan>;
  readonly models: KnownModels;
  readonly onlyModel: boolean;
}

function targetProblem(to: Target | Onward, { routes, models, onlyModel }: Known): string | undefined {
  if (to.kind === 'route') {
    return onlyModel ? `'${to.name}' is a route, wanted a model here, such as ${to.name}/1` : undefined;
  }
  const versions = models.get(to.model);
  if (versions === undefined) {
    if (routes.has(to.name)) return `'${to.name}' is a route, wanted a model here, such as ${to.name}/1`;
    const known = [...models.keys(), ...routes.keys()];
    const meant = nearestName(to.model, known);
    const hint = meant === undefined ? '' : `, did you mean '${meant}'?`;
    return `leads to '${to.name}', which is neither a model nor a route${hint}; there are ${known.join(', ') || 'none'}`;
  }
  if (to.version === undefined || versions === 'any' || versions.includes(to.version)) return undefined;
  return `leads to '${to.name}', but versions of '${to.model}' that are served are ${versions.join(', ')}: see models.${to.model}.versions`;
}

/** A rule after one that matches whenever it does. */
function unreachableRules({ rules }: RoutePlan): RouteProblem[] {
  return rules.flatMap(({ match }, index) => {
    const before = rules.findIndex((earlier, at) => at < index && implies(match, earlier.match));
    if (before === -1) return [];
    const text = `is never reached: rule ${before + 1} matches every request that it matches`;
    return [{ path: ['when', String(index)], text }];
  });
}

/** Whether each condition of `earlier` follows from a condition of `later`. */
function implies(later: Match, earlier: Match): boolean {
  return earlier.every(({ subject, expression: wanted }) =>
    later.some(({ subject: same, expression }) => {
      if (same !== subject) return false;
      if (wanted === undefined || expression === undefined) return wanted === expression;
      if (wanted.source === expression.source || wanted.source.trim() === '*') return true;
      return expression.literal !== undefined && wanted.matches(expression.literal);
    }),
  );
}

function fallbackProblems(route: RoutePlan): RouteProblem[] {
  const { fallback } = route;
  const first = plansOf(route).flatMap(({ plan }) => (plan.kind === 'target' ? [plan.name] : ['']));
  return fallback.flatMap((step, index) => {
    const path = ['fallback', String(index)];
    if (step.kind === 'answer' && index < fallback.length - 1)
      return [{ path, text: 'a fixed answer ends the fallback: what follows it is never reached' }];
    if (step.kind !== 'target') return [];
    if (step.name === route.name) return [{ path, text: 'is a fallback of the route to itself' }];
    if (first.every((name) => name === step.name))
      return [{ path, text: `is a fallback of '${step.name}' to itself` }];
    const before = fallback.findIndex((other) => other.kind === 'target' && other.name === step.name);
    return before < index ? [{ path, text: `is already fallback ${before + 1}` }] : [];
  });
}

function planProblems(route: RoutePlan): RouteProblem[] {
  const plans = plansOf(route);
  const managed = plans.filter(({ plan }) => isManaged(plan));
  const second = managed[1];
  const datatypes = route.rules.flatMap(({ match }, index) =>
    match.flatMap(({ subject }) => {
      const [, datatype] = / of datatype (.*)$/.exec(subject) ?? [];
      const path = ['when', String(index), 'match', 'input', 'datatype'];
      return datatype === undefined || isDatatype(datatype)
        ? []
        : [{ path, text: `'${datatype}' is not a datatype` }];
    }),
  );
  return [
    ...datatypes,
    ...(second === undefined
      ? []
      : [{ path: second.path, text: 'is the second canary or experiment of the route, wanted at most one' }]),
    ...withoutTarget(route),
    ...plans.flatMap(({ plan, path }) => {
      if (plan.kind === 'canary' && plan.from.name === plan.to.name)
        return [{ path: [...path, 'canary', 'to'], text: `is the same as from ('${plan.to.name}')` }];
      if (plan.kind !== 'split' || plan.experiment === undefined) return [];
      const { control } = plan.experiment;
      const names = plan.arms.map(({ name }) => name);
      const onward = plan.arms.find(({ to }) => to.kind === 'route');
      if (onward !== undefined)
        return [
          {
            path,
            text: `has an experiment with the route '${onward.name}', wanted models: their answers are counted`,
          },
        ];
      const where = [...path, 'experiment', 'control'];
      if (!names.includes(control))
        return [{ path: where, text: `is '${control}', wanted a target of the split: ${names.join(', ')}` }];
      return names.length > 1
        ? []
        : [{ path: where, text: 'has no other target in the split to compare it with' }];
    }),
  ];
}

/** A fixed answer has the form of the requests to a target. */
function withoutTarget(route: RoutePlan): RouteProblem[] {
  const plans = plansOf(route);
  const leads = plans.some(({ plan }) => destinationsOf(plan).length > 0);
  const first = plans.find(({ plan }) => plan.kind === 'answer');
  if (first === undefined || leads || route.fallback.some(({ kind }) => kind === 'target')) return [];
  return [
    {
      path: first.path,
      text: 'is a fixed answer of a route that leads to no model: name one, at least in fallback',
    },
  ];
}

/** A plan with a state that commands change. */
function isManaged(plan: Plan): boolean {
  return plan.kind === 'canary' || (plan.kind === 'split' && plan.experiment !== undefined);
}

/** A way from the route through others back to it. */
function loopOf(route: RoutePlan, routes: ReadonlyMap<string, RoutePlan>): string[] {
  const seen = new Set<string>();
  const visit = (name: string, way: readonly string[]): string[] => {
    const next = routes.get(name);
    if (next === undefined || seen.has(name)) return [];
    seen.add(name);
    for (const { plan } of plansOf(next)) {
      for (const to of destinationsOf(plan)) {
        if (to.kind !== 'route') continue;
        if (to.name === route.name) {
          const text = [...way, to.name].join(' → ');
          return [
            `is a loop: ${text}; to reach a model of the same name, give a version, such as ${to.name}/1`,
          ];
        }
        const found = visit(to.name, [...way, to.name]);
        if (found.length > 0) return found;
      }
    }
    return [];
  };
  return visit(route.name, [route.name]);
}
