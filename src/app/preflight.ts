import type { ServerSettings } from '../config/server-settings.ts';
import { compareWithCores, grantedCores } from './cores.ts';
import type { ServedModel } from './served-models.ts';

/** What is wrong with one model's settings. */
export interface ModelProblem {
  readonly model: string;
  readonly text: string;
}

/** The default: what Kubernetes gives a process, less some seconds. Only less than this is worth a word. */
const USUAL_GRACE_PERIOD_MS = 25_000;

/** What can be told of settings before anything is started. */
export interface Preflight {
  /** With these a model is not started. */
  readonly problems: readonly ModelProblem[];
  readonly warnings: readonly string[];
}

/** Holds the settings against the machine, and the times in them against each other. */
export function preflight(server: ServerSettings, served: readonly ServedModel[]): Preflight {
  const cores = compareWithCores(served, grantedCores());
  const times = served.map((model) => compareTimes(server, model));
  return {
    problems: [...cores.problems, ...times.flatMap(({ problems }) => problems)],
    warnings: [...cores.warnings, ...times.flatMap(({ warnings }) => warnings)],
  };
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
        `health.readiness.timeoutMs is ${readiness.timeoutMs}, wanted less than health.readiness.periodMs (${readiness.periodMs}): a check must end before the next one`,
      ),
      ...problem(
        warmup.enabled && warmup.budgetMs >= startupTimeoutMs,
        `warmup.budgetMs is ${warmup.budgetMs}, wanted less than health.startupTimeoutMs (${startupTimeoutMs}): a start would be ended in the middle of practice`,
      ),
    ],
    warnings: [
      ...of(
        objective !== undefined && (batching.maxWaitMs ?? 0) >= objective.latencyMs,
        `batching.maxWaitMs (${batching.maxWaitMs}) is not below objective.latencyMs (${objective?.latencyMs}): a lone request is late before it runs; leave maxWaitMs out, and the server finds batches that hold the objective`,
      ),
      ...of(
        (batching.maxWaitMs ?? 0) >= timeoutMs,
        `batching.maxWaitMs (${batching.maxWaitMs}) is not below timeoutMs (${timeoutMs}): a lone request times out while it waits for company`,
      ),
      ...of(
        watchdogMs !== undefined && watchdogMs > drainTimeoutMs,
        `health.watchdogMs (${watchdogMs}) is above health.drainTimeoutMs (${drainTimeoutMs}): a drain may cut a batch that is allowed to run on`,
      ),
      ...of(
        shutdown.gracePeriodMs < Math.min(timeoutMs, drainTimeoutMs, USUAL_GRACE_PERIOD_MS),
        `shutdown.gracePeriodMs (${shutdown.gracePeriodMs}) is below timeoutMs (${timeoutMs}): a shutdown may cut requests that could still be answered`,
      ),
    ],
  };
}
