import type { Histogram } from '../../base/histogram.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionMetrics } from '../../observe/metrics/version-metrics.ts';

/** The service times and batch plans of a version for the admin API. Durations in ms. */
export function batchingView({ path, spec }: VersionInService) {
  const { objective, goal } = spec.settings;
  const lanes = path.roster.service.list().map(([lane, curve]) => {
    const plan = path.planOf(lane);
    const { fixedMs, rowMs } = curve.line;
    const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].filter(
      (rows) => rows <= path.findings.maxBatchSize,
    );
    return {
      lane,
      batches: curve.batches,
      fixedMs,
      rowMs,
      serviceMs: curve.isKnown
        ? Object.fromEntries(sizes.map((rows) => [rows, curve.predictMs(rows)]))
        : null,
      drift: curve.usualDrift,
      ...(plan === undefined
        ? {}
        : {
            planFactor: plan.planFactor,
            targetRows: plan.target.rows,
            rowsWithinObjective: Number.isFinite(plan.target.withinObjective)
              ? plan.target.withinObjective
              : null,
            kneeRows: plan.target.knee,
            gain: plan.target.gain,
            capacityPerSecond:
              (1000 * plan.target.rows * path.roster.serving) / plan.plannedMs(plan.target.rows),
          }),
    };
  });
  return {
    objective: objective ?? null,
    goal,
    maxBatchSize: path.findings.maxBatchSize,
    transportMs: path.transport.ms,
    shedShare: path.service.shedShare,
    lanes,
  };
}

/** The figures of a version's requests and batches since its start, for the admin API. Durations in ms. */
export function figuresView(counted: VersionMetrics) {
  const spread = (histogram: Histogram) => ({
    p50: histogram.quantile(0.5),
    p99: histogram.quantile(0.99),
  });
  return {
    requests: Object.fromEntries(counted.requests),
    objective: Object.fromEntries(counted.objective),
    batches: Object.fromEntries(counted.batches),
    recoveries: Object.fromEntries(counted.recoveries),
    batchRows: spread(counted.batchRows),
    queueMs: spread(counted.queueMs),
    serviceMs: spread(counted.computeMs),
    serviceOverPredicted: spread(counted.predictionRatio),
  };
}
