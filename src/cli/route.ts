import { routeSettingsProblems } from '../app/control/served-routes.ts';
import { settingsFromEnvironment } from '../app/machine/environment.ts';
import { listModels } from '../app/models/served-models.ts';
import { OperatorError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { loadConfig } from '../config/load-config.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { TenantsSettings } from '../config/tenant-settings.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { compileRoutes } from '../routing/compile-route.ts';
import { decisionLines, explanationLines } from '../routing/explain-decision.ts';
import { possibleDecisions } from '../routing/possible-decisions.ts';
import type { RequestView } from '../routing/request/request-view.ts';
import { type RoutePlan, usesVersion } from '../routing/route-plan.ts';
import { readRequestFile } from './request-file.ts';

/** Options of `galley route`. */
export interface RouteFlags {
  readonly settings: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly tenant?: string;
  readonly routeVersion?: string;
  readonly id?: string;
  readonly input?: string;
  readonly explain?: boolean;
}

const DEFAULT_TENANT = 'default';

/** Prints where a request would go. Throws an OperatorError for a request whose body decides and is not given. */
export async function route(name: string, flags: RouteFlags): Promise<void> {
  const config = loadConfig(flags.settings, settingsFromEnvironment(process.env));
  const models = listModels(config);
  // Routes with problems, such as loops, decide nothing.
  const problems = routeSettingsProblems(config, models);
  if (problems.length > 0) throw new SettingsError(problems);
  const routes = compileRoutes(config.server.routes);
  const plan = find(
    name,
    routes,
    models.served.map(({ model }) => model),
  );
  const view = viewOf(name, flags, config.server.tenants);
  if (view.version !== undefined && !usesVersion(plan)) {
    throw new OperatorError(
      `'${name}' is a route and has no versions: leave out --route-version, or call a model`,
    );
  }
  const possible = possibleDecisions(plan, view, routes);
  const lines = flags.explain === true ? explanationLines(plan, view, possible) : decisionLines(possible);
  for (const line of lines) console.log(line);
  if (possible.some(({ decision }) => decision === undefined)) {
    throw new OperatorError(
      'the body of the request decides: give it with --input, or what the rules ask for with --parameter and --id',
    );
  }
}

function find(name: string, routes: ReadonlyMap<string, RoutePlan>, models: readonly string[]): RoutePlan {
  const found =
    routes.get(name) ?? [...routes.values()].find(({ pattern }) => pattern?.matches(name) === true);
  if (found !== undefined) return found;
  const names = [...routes.keys()];
  const there = names.length === 0 ? 'the settings have no routes' : `there are ${names.join(', ')}`;
  if (models.includes(name))
    throw new OperatorError(`'${name}' is a model, which requests reach without a route; ${there}`);
  const meant = nearestName(name, names);
  const hint = meant === undefined ? '' : `, did you mean '${meant}'?`;
  throw new OperatorError(`'${name}' is not a route${hint}; ${there}`);
}

function viewOf(name: string, flags: RouteFlags, { accounts }: TenantsSettings): RequestView {
  const { header: fields = {}, routeVersion: version } = flags;
  const tenant = flags.tenant ?? fields['x-galley-tenant'] ?? DEFAULT_TENANT;
  if (tenant !== DEFAULT_TENANT && !Object.hasOwn(accounts, tenant)) {
    const known = Object.keys(accounts);
    throw new OperatorError(
      `tenant '${tenant}' is not in the settings, so its requests count for '${DEFAULT_TENANT}'; ` +
        `there ${known.length === 0 ? 'are none' : `are ${known.join(', ')}`}`,
    );
  }
  return { name, fields, tenant, version, request: requestOf(name, flags) };
}

/** undefined where nothing of the body is given. */
function requestOf(name: string, { input, parameter, id }: RouteFlags): InferenceRequest | undefined {
  if (input === undefined && parameter === undefined && id === undefined) return undefined;
  const read = input === undefined ? EMPTY : readRequestFile(name, input);
  return { ...read, id: id ?? read.id, parameters: { ...read.parameters, ...parameter } };
}

const EMPTY: InferenceRequest = { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0 };
