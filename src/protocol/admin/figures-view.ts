import type { Histogram } from '../../base/histogram.ts';
import type { VersionMetrics } from '../../observe/metrics/version-metrics.ts';

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
