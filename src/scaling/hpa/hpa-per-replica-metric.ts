import { failure, isWithin, type Proposal, type Scale, type Tolerances } from './hpa-proposal.ts';
import {
  groupReplicas,
  type InitializationSettings,
  type ReplicaFacts,
  type Sample,
} from './hpa-replicas.ts';

/** What decides whether a sample counts, and whether a change is worth making. */
export interface MetricSettings extends Tolerances, InitializationSettings {}

/** The load of each replica as a share of what it is granted. */
export interface UtilizationMetric {
  readonly type: 'resourceUtilization';
  readonly resource: string;
  readonly targetPercent: number;
  /** By id of the replica; undefined when nothing could be measured. */
  readonly samples: ReadonlyMap<string, Sample> | undefined;
  /** What each replica is granted: the 100 % of its utilization. */
  readonly requestMilli: ReadonlyMap<string, number>;
}

/** A quantity of each replica, for example its requests in flight. */
export interface PodsMetric {
  readonly type: 'pods';
  /** The average over all replicas that is wanted. */
  readonly targetMilli: number;
  /** By id of the replica; undefined when nothing could be measured. */
  readonly samples: ReadonlyMap<string, Sample> | undefined;
}

interface Reading {
  /** Load divided by target. */
  readonly ratio: number;
  readonly averageMilli: number;
  readonly utilizationPercent?: number;
}

/** A metric that has one value per replica. */
interface PerReplica {
  readonly resource?: string;
  readonly samples: ReadonlyMap<string, Sample>;
  readonly read: (values: ReadonlyMap<string, number>) => Reading | undefined;
  /** The load that a replica without a sample is given when the others are below the target. */
  readonly fillMilli: (id: string) => number;
}

/** The number of replicas that brings the average of one metric to its target. */
export function proposePerReplica(
  settings: MetricSettings,
  metric: UtilizationMetric | PodsMetric,
  scale: Scale,
  now: number,
): Proposal {
  const perReplica = asPerReplica(metric, scale.replicas);
  return typeof perReplica === 'string' ? failure(perReplica) : propose(settings, perReplica, scale, now);
}

function asPerReplica(
  metric: UtilizationMetric | PodsMetric,
  replicas: readonly ReplicaFacts[],
): PerReplica | string {
  const { samples } = metric;
  if (samples === undefined) return 'the metric is unavailable';
  if (replicas.length === 0) return 'there are no replicas';
  if (metric.type === 'pods') {
    const { targetMilli } = metric;
    return { samples, read: (values) => readAverage(values, targetMilli), fillMilli: () => targetMilli };
  }
  const { resource, targetPercent, requestMilli } = metric;
  const without = replicas.find(({ id }) => requestMilli.get(id) === undefined);
  if (without !== undefined) return `replica ${without.id} has no request of ${resource}`;
  return {
    resource,
    samples,
    read: (values) => readUtilization(values, requestMilli, targetPercent),
    fillMilli: (id) => Math.trunc(((requestMilli.get(id) ?? 0) * Math.max(100, targetPercent)) / 100),
  };
}

function propose(
  settings: MetricSettings,
  metric: PerReplica,
  { specReplicas, replicas }: Scale,
  now: number,
): Proposal {
  const { readyCount, unready, missing, ignored } = groupReplicas(settings, replicas, metric, now);
  const values = new Map([...metric.samples].map(([id, { valueMilli }]) => [id, valueMilli]));
  for (const id of [...ignored, ...unready]) values.delete(id);
  const reading = values.size === 0 ? undefined : metric.read(values);
  if (reading === undefined) return failure('no replica has a sample that counts');

  const { ratio } = reading;
  const countsUnready = unready.length > 0 && ratio > 1;
  if (missing.length === 0 && !countsUnready) {
    return proposal(isWithin(settings, ratio) ? specReplicas : Math.ceil(ratio * readyCount), reading);
  }
  // Unknown load is assumed so that it works against the change: full on the way down, none on the way up.
  if (ratio < 1) for (const id of missing) values.set(id, metric.fillMilli(id));
  if (ratio > 1) for (const id of missing) values.set(id, 0);
  if (countsUnready) for (const id of unready) values.set(id, 0);
  const filledRatio = metric.read(values)?.ratio ?? 1;
  const turned = (ratio < 1 && filledRatio > 1) || (ratio > 1 && filledRatio < 1);
  if (isWithin(settings, filledRatio) || turned) return proposal(specReplicas, reading);
  const wanted = Math.ceil(filledRatio * values.size);
  const isOpposite = filledRatio < 1 ? wanted > specReplicas : wanted < specReplicas;
  return proposal(isOpposite ? specReplicas : wanted, reading);
}

/** Whole percent before the ratio is taken, because Kubernetes computes it so. */
function readUtilization(
  values: ReadonlyMap<string, number>,
  requestMilli: ReadonlyMap<string, number>,
  targetPercent: number,
): Reading | undefined {
  let usage = 0;
  let requested = 0;
  let count = 0;
  for (const [id, value] of values) {
    const request = requestMilli.get(id);
    if (request === undefined) continue;
    usage += value;
    requested += request;
    count += 1;
  }
  if (requested === 0) return undefined;
  const utilizationPercent = Math.trunc((100 * usage) / requested);
  return {
    ratio: utilizationPercent / targetPercent,
    averageMilli: Math.trunc(usage / count),
    utilizationPercent,
  };
}

function readAverage(values: ReadonlyMap<string, number>, targetMilli: number): Reading {
  let sum = 0;
  for (const value of values.values()) sum += value;
  const averageMilli = Math.trunc(sum / values.size);
  return { ratio: averageMilli / targetMilli, averageMilli };
}

function proposal(replicas: number, { averageMilli, utilizationPercent }: Reading): Proposal {
  const common = { kind: 'proposal', replicas, averageMilli } as const;
  return utilizationPercent === undefined ? common : { ...common, utilizationPercent };
}
