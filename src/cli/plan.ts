import { grantedCores } from '../app/machine/cores.ts';
import { fitModels } from '../app/models/models-to-serve.ts';
import type { ServedModel } from '../app/models/served-models.ts';
import { measureReplicas } from '../app/replicas/measure-replicas.ts';
import { OperatorError } from '../base/errors.ts';
import { loadConfig } from '../config/load-config.ts';
import { cheapest, type PlannedReplicas, planReplicas } from '../simulate/policies/plan-search.ts';
import { EXIT } from './exit-codes.ts';

/** Options of `galley plan`. */
export interface PlanFlags {
  readonly rate: number;
  /** In ms. */
  readonly objective: number;
  readonly percentile: number;
  readonly cores?: number;
  readonly json?: boolean;
}

/** Measures replicas and threads together and prints the cheapest feasible combination; exit code 3 for none. */
export async function plan(model: string, path: string, flags: PlanFlags): Promise<void> {
  const served = find(model, path);
  const cores = Math.max(1, Math.floor(flags.cores ?? grantedCores()));
  const goal = { ratePerSecond: flags.rate, latencyMs: flags.objective, percentile: flags.percentile };
  const plans: PlannedReplicas[] = [];
  for (const { replicas, threads } of combinations(cores)) {
    if (flags.json !== true) console.log(`measuring ${replicas} × ${threads} threads …`);
    const sizes = await measureReplicas(served, { replicas, threads, limitMs: flags.objective });
    plans.push(planReplicas({ replicas, threads, sizes }, goal));
  }
  const best = cheapest(plans);
  if (flags.json === true) console.log(JSON.stringify({ plans, best: best ?? null }));
  else printPlans(model, flags, plans, best);
  if (best === undefined) process.exitCode = EXIT.refused;
}

function find(model: string, path: string): ServedModel {
  const all = fitModels(loadConfig(path));
  const versions = all.filter((each) => each.model === model);
  const latest = versions.at(-1);
  if (latest !== undefined) return latest;
  const known = [...new Set(all.map((each) => each.model))].join(', ');
  throw new OperatorError(`model '${model}' does not exist; known models: ${known}`);
}

/** All combinations that use at most `cores` cores, the cheapest first. */
function combinations(cores: number): { replicas: number; threads: number }[] {
  const all = [];
  for (let threads = 1; threads <= cores; threads *= 2) {
    for (let replicas = 1; replicas * threads <= cores; replicas++) all.push({ replicas, threads });
  }
  return all.sort((a, b) => a.replicas * a.threads - b.replicas * b.threads);
}

function printPlans(
  model: string,
  { rate, objective, percentile }: PlanFlags,
  plans: readonly PlannedReplicas[],
  best: PlannedReplicas | undefined,
): void {
  console.log('\nreplicas  threads  rows/batch  capacity/s   p50 ms   p99 ms  in time');
  for (const {
    replicas,
    threads,
    targetRows,
    capacityPerSecond,
    p50Ms,
    p99Ms,
    inTimeShare,
    problem,
  } of plans) {
    const columns = [
      String(replicas).padStart(8),
      String(threads).padStart(7),
      String(targetRows).padStart(10),
      capacityPerSecond.toFixed(0).padStart(10),
      p50Ms.toFixed(1).padStart(7),
      p99Ms.toFixed(1).padStart(7),
      `${(100 * inTimeShare).toFixed(1)} %`.padStart(7),
    ];
    console.log(`${columns.join('  ')}${problem === undefined ? '' : `   no: ${problem}`}`);
  }
  if (best === undefined) {
    console.log(
      `\ninfeasible on this machine: no combination answers ${percentile} % of ${rate} requests/s within ${objective} ms`,
    );
    return;
  }
  console.log(
    '\nThese figures exclude the gateway, which handles some thousands of requests a second on one core.',
  );
  console.log(
    `Cheapest combination for ${rate} requests/s within ${objective} ms, as settings for galley.yaml:\n`,
  );
  console.log(`models:\n  ${model}:\n    replicas: ${best.replicas}\n    threads: ${best.threads}`);
  console.log(`    objective: { latencyMs: ${objective}, percentile: ${percentile} }`);
}
