import {
  type MetricSettings,
  type PodsMetric,
  proposePerReplica,
  type UtilizationMetric,
} from './hpa-per-replica-metric.ts';
import { failure, isWithin, type Proposal, type Scale, type Tolerances } from './hpa-proposal.ts';
import { countServing } from './hpa-replicas.ts';

/** A measured quantity and its target. */
export type HpaMetric =
  | UtilizationMetric
  | PodsMetric
  | {
      readonly type: 'objectValue' | 'objectAverage';
      readonly targetMilli: number;
      /** undefined when it could not be measured. */
      readonly valueMilli: number | undefined;
    }
  | {
      readonly type: 'externalValue' | 'externalAverage';
      readonly targetMilli: number;
      /** One value per series; their sum counts. undefined when it could not be measured. */
      readonly valuesMilli: readonly number[] | undefined;
    };

/** The number of replicas that brings one metric to its target. */
export function proposeReplicas(
  settings: MetricSettings,
  metric: HpaMetric,
  scale: Scale,
  now: number,
): Proposal {
  switch (metric.type) {
    case 'resourceUtilization':
    case 'pods':
      return proposePerReplica(settings, metric, scale, now);
    case 'objectValue':
    case 'externalValue':
      return proposeByValue(settings, metric.targetMilli, totalMilli(metric), scale);
    case 'objectAverage':
    case 'externalAverage':
      return proposeByAverage(settings, metric.targetMilli, totalMilli(metric), scale);
  }
}

/** The value grows with the load of each replica, so it is compared with the number of replicas that serve. */
function proposeByValue(
  settings: Tolerances,
  targetMilli: number,
  averageMilli: number | undefined,
  { specReplicas, replicas }: Scale,
): Proposal {
  if (averageMilli === undefined) return failure('the metric is unavailable');
  const ratio = averageMilli / targetMilli;
  const propose = (count: number): Proposal => ({ kind: 'proposal', replicas: count, averageMilli });
  if (specReplicas === 0) return propose(Math.ceil(ratio));
  if (isWithin(settings, ratio)) return propose(specReplicas);
  if (replicas.length === 0) return failure('there are no replicas');
  return propose(Math.ceil(ratio * countServing(replicas)));
}

/** The value is the load of all replicas together, so no replica's state matters. */
function proposeByAverage(
  settings: Tolerances,
  targetMilli: number,
  valueMilli: number | undefined,
  { statusReplicas }: Scale,
): Proposal {
  if (valueMilli === undefined) return failure('the metric is unavailable');
  const ratio = valueMilli / (targetMilli * statusReplicas);
  const replicas = isWithin(settings, ratio) ? statusReplicas : Math.ceil(valueMilli / targetMilli);
  return { kind: 'proposal', replicas, averageMilli: Math.ceil(valueMilli / statusReplicas) };
}

function totalMilli(metric: Exclude<HpaMetric, UtilizationMetric | PodsMetric>): number | undefined {
  if (!('valuesMilli' in metric)) return metric.valueMilli;
  const { valuesMilli } = metric;
  return valuesMilli === undefined || valuesMilli.length === 0
    ? undefined
    : valuesMilli.reduce((sum, value) => sum + value, 0);
}
