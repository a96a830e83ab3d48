import type { FastifyInstance, FastifyReply } from 'fastify';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import {
  commandRoute,
  ROUTE_ACTIONS,
  type RouteAction,
  type RouteCommand,
} from '../../gateway/routes/route-commands.ts';
import type { RouteTable } from '../../gateway/routes/route-table.ts';
import { routeView } from '../../gateway/routes/route-view.ts';

type Params = Readonly<Record<string, string>>;
type Query = Readonly<Record<string, unknown>>;

/** The admin API of routes: their counts, canaries and experiments, and commands about them. */
export function routeRoutes(
  app: FastifyInstance,
  { table, problem }: { readonly table: RouteTable; readonly problem: () => string | undefined },
  answer: (reply: FastifyReply, result: object) => object,
): void {
  const view = (name: string) => {
    const route = table.find(name);
    return route === undefined ? unknownRoute(table, name) : withSummaries(routeView(route));
  };
  app.get('/admin/routes', () => {
    const routes = table.all().map((route) => withSummaries(routeView(route)));
    return { routes, stateProblem: problem() ?? null };
  });
  app.get<{ Params: Params }>('/admin/routes/:route', ({ params: { route = '' } }, reply) =>
    answer(reply, view(route)),
  );
  app.post<{ Params: Params }>('/admin/routes/:route/:action', ({ params, query }, reply) => {
    const { route = '', action = '' } = params;
    const command = readCommand(action, query as Query);
    const done = isRefusal(command) ? command : commandRoute(table, route, command);
    return answer(reply, isRefusal(done) ? done : view(route));
  });
}

function unknownRoute(table: RouteTable, name: string): Refusal {
  const known = table.all().map((route) => route.name);
  return refuse(
    'NOT_FOUND',
    `'${name.slice(0, 100)}' is not a route; there are ${known.join(', ') || 'none'}`,
  );
}

/** Histograms as the quantiles that people ask for, in ms. */
function withSummaries(view: ReturnType<typeof routeView>): object {
  return {
    ...view,
    targets: view.targets.map(({ latency, ...target }) => ({
      ...target,
      p50Ms: latency.quantile(0.5),
      p99Ms: latency.quantile(0.99),
    })),
  };
}

function readCommand(action: string, { variant, weights, ...others }: Query): RouteCommand | Refusal {
  if (!ROUTE_ACTIONS.includes(action as RouteAction)) {
    return refuse(
      'NOT_FOUND',
      `'${action.slice(0, 40)}' is not an action, wanted one of ${ROUTE_ACTIONS.join(', ')}`,
    );
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return refuse(
      'INVALID_INPUT',
      `parameter '${unknown.slice(0, 40)}' is unknown, wanted variant or weights`,
    );
  }
  if (variant !== undefined && typeof variant !== 'string') {
    return refuse('INVALID_INPUT', "parameter 'variant' is given more than once, wanted once");
  }
  const read = weights === undefined ? undefined : readWeights(weights);
  if (read !== undefined && isRefusal(read)) return read;
  return { action: action as RouteAction, variant, weights: read };
}

/** Reads `digits/1:90,digits/2:10`. */
function readWeights(text: unknown): ReadonlyMap<string, number> | Refusal {
  const found = new Map<string, number>();
  for (const part of String(text).split(',')) {
    const [, name, weight] = /^(.+):(\d+(?:\.\d+)?)$/.exec(part.trim()) ?? [];
    if (name === undefined || weight === undefined) {
      return refuse(
        'INVALID_INPUT',
        `parameter 'weights' has '${part.slice(0, 60)}', wanted TARGET:WEIGHT, such as digits/1:90`,
      );
    }
    found.set(name, Number(weight));
  }
  return found;
}
