import type { Histogram } from '../../base/histogram.ts';

export type Labels = Readonly<Record<string, string>>;

/** One labelled value in the form that prom-client renders. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

export function sample(value: number, labels: Labels = {}): Sample {
  return { labels, value };
}

/** Counts by the value of one label. */
export function byLabel(label: string, counts: Iterable<readonly [string, number]>): Sample[] {
  return [...counts].map(([name, value]) => sample(value, { [label]: name }));
}

/** Bounds of buckets, and the recorded units in one unit of the bounds: 1000 for records in ms and bounds in seconds. */
interface Buckets {
  readonly bounds: readonly number[];
  readonly units: number;
}

export const SECONDS: Buckets = {
  bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  units: 1000,
};
export const ROWS: Buckets = { bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256], units: 1 };
export const RATIOS: Buckets = { bounds: [0.5, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 5], units: 1 };

/** The samples of a histogram metric with this name. */
export function histogramSamples(
  name: string,
  histogram: Histogram,
  { bounds, units }: Buckets,
  labels: Labels = {},
): Sample[] {
  const bucket = (le: string, value: number) => ({
    metricName: `${name}_bucket`,
    ...sample(value, { ...labels, le }),
  });
  return [
    ...bounds.map((bound) => bucket(String(bound), histogram.countUpTo(bound * units))),
    bucket('+Inf', histogram.count),
    { metricName: `${name}_sum`, ...sample(histogram.sum / units, labels) },
    { metricName: `${name}_count`, ...sample(histogram.count, labels) },
  ];
}
