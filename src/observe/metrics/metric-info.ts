/** Type, help text and labels of a metric; the source of both GET /metrics and docs/metrics.md. */
export interface MetricInfo {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}
