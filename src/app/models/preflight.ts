import type { ServerSettings } from '../../config/server-settings.ts';
import { grantedCores } from '../machine/cores.ts';
import { compareWithDevices } from './device-memory.ts';
import type { ServedModel } from './served-models.ts';
import { compareWithCores } from './thread-demand.ts';

/** A problem in the settings of one model. */
export interface ModelProblem {
  readonly model: string;
  readonly text: string;
}

/** The default: the grace period of Kubernetes less some seconds. Only shorter ones are worth a warning. */
const USUAL_GRACE_PERIOD_MS = 25_000;

/** Problems and warnings that the settings show before the start. */
export interface Preflight {
  /** A model with a problem is not started. */
  readonly problems: readonly ModelProblem[];
  readonly warnings: readonly string[];
}

/** Checks the settings against the machine, and their times against each other. */
export function preflight(server: ServerSettings, models: readonly ServedModel[]): Preflight {
  // A pipeline runs in no process.
  const served = models.filter(({ runtime }) => runtime !== 'pipeline');
  const cores = compareWithCores(served, grantedCores());
  const times = served.map((model) => compareTimes(server, model));
  const unused = served.flatMap(unusedTransformers);
  return {
    problems: [
      ...unused,
      ...cores.problems,
      ...compareWithDevices(server, served),
      ...times.flatMap(({ problems }) => problems),
    ],
    warnings: [...cores.warnings, ...times.flatMap(({ warnings }) => warnings)],
  };
}

/** Settings of a runtime that does not execute the model. */
function unusedTransformers({ model, runtime, settings }: ServedModel): ModelProblem[] {
  if (settings.transformers === undefined || runtime === 'transformers') return [];
  const text = `transformers is set, but the runtime is ${runtime}: remove transformers, or set runtime: transformers for a folder with config.json and tokenizer.json`;
  return [{ model, text }];
}

function compareTimes({ shutdown }: ServerSettings, { model, settings }: ServedModel): Preflight {
  const { timeoutMs, objective, batching, warmup, health } = settings;
  const { readiness, startupTimeoutMs, drainTimeoutMs, watchdogMs } = health;
  const of = (is: boolean, text: string) => (is ? [`model '${model}': ${text}`] : []);
  const problem = (is: boolean, text: string) => (is ? [{ model, text }] : []);
  return {
    problems: [
      ...problem(
        readiness.timeoutMs >= readiness.periodMs,
        `health.readiness.timeoutMs is ${readiness.timeoutMs}, wanted less than health.readiness.periodMs (${readiness.periodMs}): a check must end before the next one starts`,
      ),
      ...problem(
        warmup.enabled && warmup.budgetMs >= startupTimeoutMs,
        `warmup.budgetMs is ${warmup.budgetMs}, wanted less than health.startupTimeoutMs (${startupTimeoutMs}): the startup timeout would end a replica during its warmup`,
      ),
    ],
    warnings: [
      ...of(
        objective !== undefined && (batching.maxWaitMs ?? 0) >= objective.latencyMs,
        `batching.maxWaitMs (${batching.maxWaitMs}) is not below objective.latencyMs (${objective?.latencyMs}): a single request misses the objective before it runs; remove batching.maxWaitMs to let the server choose batches that meet the objective`,
      ),
      ...of(
        (batching.maxWaitMs ?? 0) >= timeoutMs,
        `batching.maxWaitMs (${batching.maxWaitMs}) is not below timeoutMs (${timeoutMs}): a single request times out while it waits for a batch; lower batching.maxWaitMs`,
      ),
      ...of(
        watchdogMs !== undefined && watchdogMs > drainTimeoutMs,
        `health.watchdogMs (${watchdogMs}) is above health.drainTimeoutMs (${drainTimeoutMs}): a drain may end a batch that is still allowed to run; raise health.drainTimeoutMs`,
      ),
      ...of(
        shutdown.gracePeriodMs < Math.min(timeoutMs, drainTimeoutMs, USUAL_GRACE_PERIOD_MS),
        `shutdown.gracePeriodMs (${shutdown.gracePeriodMs}) is below timeoutMs (${timeoutMs}): a shutdown may end requests that could still be answered; raise shutdown.gracePeriodMs`,
      ),
    ],
  };
}
