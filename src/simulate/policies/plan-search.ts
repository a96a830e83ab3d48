import { seededRandom } from '../../base/random.ts';
import { batchTarget } from '../../batching/batch-target.ts';
import { NO_MARGIN } from '../../batching/margin.ts';
import { type ProfiledSize, ServiceTime } from '../../replica/service-time.ts';
import { withKnownCurve } from './known-curve.ts';
import { runPolicy } from './policy-run.ts';

/** The goal of a plan. */
export interface PlanGoal {
  readonly ratePerSecond: number;
  readonly latencyMs: number;
  /** Percentage of requests that must be answered in time. */
  readonly percentile: number;
}

/** A number of replicas with so many threads each, and the durations of their batches when all run at once. */
export interface MeasuredReplicas {
  readonly replicas: number;
  readonly threads: number;
  readonly sizes: readonly ProfiledSize[];
}

/** Performance of such replicas under the goal's traffic. */
export interface PlannedReplicas {
  readonly replicas: number;
  readonly threads: number;
  /** Planned service time of one row, in ms. */
  readonly oneRowMs: number;
  /** Rows per second within the objective with full batches. */
  readonly capacityPerSecond: number;
  readonly targetRows: number;
  /** In virtual time, from 20 000 requests with random arrivals at the rate. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly inTimeShare: number;
  /** Why it misses the goal; undefined when it meets it. */
  readonly problem: string | undefined;
}

const REQUESTS = 20_000;
/** Capacity above the average rate, because traffic varies. */
const HEADROOM = 1.3;
const MOST_ROWS = 1024;

/** Computes the capacity of measured replicas, and simulates the traffic in virtual time. */
export function planReplicas(
  { replicas, threads, sizes }: MeasuredReplicas,
  goal: PlanGoal,
): PlannedReplicas {
  const { ratePerSecond, latencyMs, percentile } = goal;
  const curve = new ServiceTime();
  curve.profile(sizes);
  const planFactor = curve.planFactor(PLANNED_SHARE);
  const target = batchTarget(curve, {
    ...{ replicas, reserveMs: 0, margin: NO_MARGIN, maxRows: MOST_ROWS },
    latencyMs: latencyMs / planFactor,
  });
  const oneRowMs = planFactor * curve.predictMs(1);
  const capacityPerSecond =
    target.withinObjective < 1
      ? 0
      : (1000 * replicas * target.rows) / (planFactor * curve.predictMs(target.rows));
  const base = { replicas, threads, oneRowMs, capacityPerSecond, targetRows: target.rows };
  if (oneRowMs > latencyMs) {
    const problem = `one row alone takes ${shown(oneRowMs)} ms; the objective is ${shown(latencyMs)} ms`;
    return { ...base, p50Ms: oneRowMs, p99Ms: oneRowMs, inTimeShare: 0, problem };
  }
  const run = runPolicy({
    ...{ seed: 'plan', rate: ratePerSecond / 1000, requests: REQUESTS, replicas, withinMs: latencyMs },
    settings: { objective: { latencyMs, percentile }, batching: { maxBatchSize: MOST_ROWS } },
    makePolicy: withKnownCurve(curve, latencyMs),
    serviceMs: noisy(curve, sizes),
  });
  const figures = {
    p50Ms: run.latencyMs.quantile(0.5),
    p99Ms: run.latencyMs.quantile(0.99),
    inTimeShare: run.inTimeShare,
  };
  return { ...base, ...figures, problem: problemOf(goal, capacityPerSecond, run.inTimeShare) };
}

/** The plan with the fewest cores that meets the goal; among equals the one with the most replicas, for isolation. */
export function cheapest(plans: readonly PlannedReplicas[]): PlannedReplicas | undefined {
  const cores = ({ replicas, threads }: PlannedReplicas) => replicas * threads;
  return plans
    .filter(({ problem }) => problem === undefined)
    .sort((a, b) => cores(a) - cores(b) || b.replicas - a.replicas)[0];
}

const PLANNED_SHARE = 0.95;

/** The predicted time with the measured relative noise. */
function noisy(curve: ServiceTime, sizes: readonly ProfiledSize[]) {
  const random = seededRandom('plan/noise');
  const ratios = sizes.flatMap(({ rows, tookMs }) => tookMs.map((ms) => ms / curve.predictMs(rows)));
  return ({ rows }: { readonly rows: number }) =>
    curve.predictMs(rows) * (ratios[Math.floor(random.unit() * ratios.length)] ?? 1);
}

function problemOf(goal: PlanGoal, capacityPerSecond: number, inTimeShare: number): string | undefined {
  const { ratePerSecond, percentile } = goal;
  if (capacityPerSecond < HEADROOM * ratePerSecond) {
    return `${shown(capacityPerSecond)} rows/s within the objective, required ${HEADROOM} times ${shown(ratePerSecond)}`;
  }
  if (inTimeShare < percentile / 100) {
    return `${(100 * inTimeShare).toFixed(1)} % in time, required ${percentile} %`;
  }
  return undefined;
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
