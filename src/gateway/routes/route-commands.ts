import { type Refusal, refuse } from '../../base/errors.ts';
import type { ActiveRoute } from './active-route.ts';
import type { CanaryRun } from './canary-run.ts';
import type { RouteTable } from './route-table.ts';

export const ROUTE_ACTIONS = ['promote', 'rollback', 'pause', 'resume', 'weights'] as const;
export type RouteAction = (typeof ROUTE_ACTIONS)[number];

/** A command of an operator about the traffic of a route. */
export interface RouteCommand {
  readonly action: RouteAction;
  /** The variant that is promoted; undefined: the canary, or the one of the conclusion of an experiment. */
  readonly variant?: string | undefined;
  /** New weights by target, for `weights`. */
  readonly weights?: ReadonlyMap<string, number> | undefined;
}

const BECAUSE = 'an operator requested it';

/** Applies a command between two requests, and returns the route. */
export function commandRoute(table: RouteTable, name: string, command: RouteCommand): ActiveRoute | Refusal {
  const route = table.find(name);
  if (route === undefined) {
    const known = table.all().map((each) => each.name);
    const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
    return refuse('NOT_FOUND', `'${name.slice(0, 100)}' is not a route; ${there}`);
  }
  return apply(route, command) ?? route;
}

/** undefined when the command is done. */
function apply(route: ActiveRoute, command: RouteCommand): Refusal | undefined {
  const { canary, experiment } = route;
  if (command.action === 'weights') return weigh(route, command.weights ?? new Map());
  if (canary === undefined && experiment === undefined)
    return refuse('CONFLICT', `'${route.name}' has neither a canary nor an experiment`);
  switch (command.action) {
    case 'promote':
      return canary === undefined
        ? promoteVariant(route, command.variant)
        : promoteCanary(route.name, canary, command.variant);
    case 'rollback':
      (canary ?? experiment)?.rollBack(BECAUSE);
      return undefined;
    case 'pause':
      return (canary ?? experiment)?.pause(BECAUSE) === true
        ? undefined
        : refuse('CONFLICT', `'${route.name}' is ${(canary ?? experiment)?.phase}, not running`);
    case 'resume':
      return (canary ?? experiment)?.resume(BECAUSE) === true
        ? undefined
        : refuse('CONFLICT', `'${route.name}' is already running`);
  }
}

function promoteCanary(name: string, canary: CanaryRun, wanted: string | undefined): Refusal | undefined {
  const { name: to } = canary.plan.to;
  if (wanted !== undefined && wanted !== to) {
    return refuse(
      'INVALID_INPUT',
      `'${wanted.slice(0, 100)}' is not the canary of '${name}', wanted ${to}; rollback returns to the control`,
    );
  }
  canary.promote(BECAUSE);
  return undefined;
}

function promoteVariant({ name, experiment }: ActiveRoute, wanted: string | undefined): Refusal | undefined {
  const variants = [...(experiment?.outcomes.keys() ?? [])].join(', ');
  const variant = wanted ?? experiment?.conclusion().winner;
  if (variant === undefined) {
    return refuse(
      'CONFLICT',
      `the experiment of '${name}' is undecided: name the variant, one of ${variants}`,
    );
  }
  if (experiment?.promote(variant, BECAUSE) === true) return undefined;
  return refuse(
    'INVALID_INPUT',
    `'${variant.slice(0, 100)}' is not a variant of '${name}', wanted one of ${variants}`,
  );
}

/** Weights hold until the settings of the route change, or the server restarts. */
function weigh({ name, splits }: ActiveRoute, weights: ReadonlyMap<string, number>): Refusal | undefined {
  const plain = splits.filter(({ canary, experiment }) => canary === undefined && experiment === undefined);
  const [split, second] = plain;
  if (split === undefined || second !== undefined || split.plan.kind !== 'split') {
    return refuse(
      'CONFLICT',
      `'${name}' has ${plain.length} splits without canary or experiment, wanted one`,
    );
  }
  const names = split.plan.arms.map((arm) => arm.name);
  const isComplete = names.every((each) => weights.has(each)) && weights.size === names.length;
  if (!isComplete || [...weights.values()].every((weight) => weight === 0)) {
    return refuse(
      'INVALID_INPUT',
      `got weights for ${[...weights.keys()].join(', ').slice(0, 200) || 'nothing'}, wanted one for each of ${names.join(', ')}, at least one above 0`,
    );
  }
  split.set(names.map((each) => ({ name: each, weight: weights.get(each) as number })));
  return undefined;
}
