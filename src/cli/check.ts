import { routeMetadataProblems, routeSettingsProblems } from '../app/control/served-routes.ts';
import { settingsFromEnvironment } from '../app/machine/environment.ts';
import { failureText } from '../app/machine/when-settled.ts';
import { brokenText, modelsToServe } from '../app/models/models-to-serve.ts';
import { realPorts } from '../app/real-ports.ts';
import { GalleyServer } from '../app/server.ts';
import { OperatorError } from '../base/errors.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { type Salvaged, salvageConfig } from '../config/salvage.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import { compileRoutes } from '../routing/compile-route.ts';
import { describeRoute } from '../routing/describe-route.ts';
import { checkLog } from './check-log.ts';

export interface CheckFlags {
  readonly timeout: number;
}

/**
 * Does what a start does without opening the port: reads settings and environment, loads each model in a process of its
 * own and warms it up. Throws one SettingsError with every problem, and leaves no process behind.
 */
export async function check(path: string, { timeout }: CheckFlags): Promise<void> {
  const salvaged = salvageConfig(path, settingsFromEnvironment(process.env));
  const { config } = salvaged;
  const found = [...salvaged.problems];
  if (config !== undefined) found.push(...(await tryModels(config, salvaged, timeout)));
  if (found.length > 0) throw new SettingsError(found);
}

async function tryModels(config: LoadedConfig, salvaged: Salvaged, timeoutMs: number): Promise<string[]> {
  let server: GalleyServer;
  let areRoutesWhole = false;
  const problems: string[] = [];
  try {
    const models = modelsToServe(config);
    problems.push(...models.problems, ...models.broken.map(brokenText));
    const routeProblems = routeSettingsProblems(config, models, salvaged.routesLeftOut);
    problems.push(...routeProblems);
    areRoutesWhole = routeProblems.length + salvaged.problems.length === 0;
    // One replica finds every problem of a model.
    const served = models.served.map((each) => ({ ...each, settings: { ...each.settings, replicas: 1 } }));
    const log = checkLog((line) => console.log(line));
    const fit = { ...models, served, broken: [], problems: [] };
    const quiet = withoutTraces(config);
    server = new GalleyServer(quiet, realPorts(quiet, log), fit);
  } catch (caught) {
    if (caught instanceof OperatorError) return [...problems, ...caught.message.split('\n')];
    throw caught;
  }
  try {
    await Promise.race([
      server.startModels(),
      new Promise((resolve) => setTimeout(resolve, timeoutMs).unref()),
    ]);
    for (const version of server.registry.all()) {
      if (version.state === 'ready') printModel(version);
      else problems.push(whyNot(version, timeoutMs));
    }
    if (areRoutesWhole) printRoutes(config);
    problems.push(...routeMetadataProblems(config, server.registry));
  } finally {
    await server.stop(0);
  }
  return problems;
}

/** Turns off what a check must not write or send: recordings, decisions, alerts, states of routes. */
function withoutTraces(config: LoadedConfig): LoadedConfig {
  const { recorder, decisions, alerts } = config.server;
  return {
    ...config,
    server: {
      ...config.server,
      routes: {},
      recorder: { ...recorder, enabled: false },
      decisions: { ...decisions, file: undefined },
      alerts: { ...alerts, webhook: undefined },
    },
  };
}

function printModel({ name, spec, metadata, path }: VersionInService): void {
  const { inputs = [], outputs = [] } = metadata ?? {};
  const { maxBatchSize } = path.findings;
  const batches = maxBatchSize === 1 ? 'no batching' : `batches up to ${maxBatchSize}`;
  console.log(`ok: ${name} (${spec.file}), ${inputs.length} inputs, ${outputs.length} outputs, ${batches}`);
  const { image } = spec.settings;
  if (image === undefined || inputs.some((input) => input.name === image.input)) return;
  const known = inputs.map((input) => input.name).join(', ');
  console.log(`warning: ${name}: image.input is '${image.input}', but the model's inputs are: ${known}`);
}

function printRoutes({ server }: LoadedConfig): void {
  for (const route of compileRoutes(server.routes).values()) console.log(describeRoute(route));
}

function whyNot(version: VersionInService, timeoutMs: number): string {
  if (version.state === 'failed') return failureText(version);
  const [replica] = version.supervisor.replicas();
  const state = replica === undefined ? version.state : `${replica.state} (${replica.reason})`;
  return (
    `model '${version.name}' is not ready after ${timeoutMs / 1000} s: its replica is ${state}; ` +
    `raise --timeout to wait longer (${version.spec.file})`
  );
}
