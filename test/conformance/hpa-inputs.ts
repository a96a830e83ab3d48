import { type Behavior, completeBehavior, type ScalingRules } from '../../src/scaling/hpa/hpa-behavior.ts';
import type { ScaleEvent } from '../../src/scaling/hpa/hpa-events.ts';
import type { HpaMetric } from '../../src/scaling/hpa/hpa-metric.ts';
import type { MetricSettings } from '../../src/scaling/hpa/hpa-per-replica-metric.ts';
import type { ReplicaFacts, Sample } from '../../src/scaling/hpa/hpa-replicas.ts';
import type { Recommendation } from '../../src/scaling/hpa/hpa-stabilization.ts';
import { ms } from './case-seconds.ts';

/** The constants of the controller, as cases write them. */
export interface ConfigInput {
  readonly toleranceUp: number;
  readonly toleranceDown: number;
  readonly cpuInitializationPeriodS: number;
  readonly initialReadinessDelayS: number;
}

/** null where Kubernetes has no condition or no time. */
export interface PodInput {
  readonly name: string;
  readonly phase: string;
  readonly ready: boolean | null;
  readonly readySince: number | null;
  readonly startTime: number | null;
  readonly deleting: boolean;
  readonly requestMilli?: number | null;
}

/** The fields of all types of metrics; each type has some of them. */
export interface MetricInput {
  readonly type: string;
  readonly unavailable?: boolean;
  readonly resource?: string;
  readonly targetUtilizationPercent?: number;
  readonly targetAverageMilli?: number;
  readonly targetMilli?: number;
  readonly valueMilli?: number;
  readonly valuesMilli?: readonly number[];
  readonly samples?: Readonly<Record<string, number>>;
  readonly sampleTime?: number;
  readonly sampleWindowS?: number;
}

interface RulesInput {
  readonly stabilizationWindowS?: number | null;
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled' | null;
  readonly policies?: readonly PolicyInput[] | null;
}

interface PolicyInput {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodS: number;
}

/** A direction, or a part of it, that is null takes the defaults. */
export interface BehaviorInput {
  readonly scaleUp?: RulesInput | null;
  readonly scaleDown?: RulesInput | null;
}

/** A past change; `t` in seconds. */
export interface EventInput {
  readonly t: number;
  readonly change: number;
}

/** A past recommendation; `t` in seconds. */
export interface RecommendationInput {
  readonly t: number;
  readonly replicas: number;
}

const DOWN_WINDOW_S = 300;

/** Seconds become ms here and below. */
export function settingsOf(config: ConfigInput): MetricSettings {
  return {
    toleranceUp: config.toleranceUp,
    toleranceDown: config.toleranceDown,
    cpuInitializationMs: ms(config.cpuInitializationPeriodS),
    initialReadinessDelayMs: ms(config.initialReadinessDelayS),
  };
}

/** A readiness without a time is older than anything. */
export function replicasOf(pods: readonly PodInput[]): ReplicaFacts[] {
  return pods.map(({ name, phase, ready, readySince, startTime, deleting }) => ({
    id: name,
    phase: phase.toLowerCase() as ReplicaFacts['phase'],
    isEnding: deleting,
    startedAt: startTime === null ? undefined : ms(startTime),
    readiness:
      ready === null
        ? undefined
        : { isReady: ready, since: readySince === null ? Number.NEGATIVE_INFINITY : ms(readySince) },
  }));
}

/** A type that the rules do not know is a metric that cannot be measured. */
export function metricOf(metric: MetricInput, pods: readonly PodInput[], nowS: number): HpaMetric {
  const isAvailable = metric.unavailable !== true;
  const { type, valueMilli, valuesMilli } = metric;
  switch (type) {
    case 'resourceUtilization':
      return {
        type,
        resource: metric.resource ?? 'cpu',
        targetPercent: metric.targetUtilizationPercent ?? 0,
        samples: samplesOf(metric, nowS),
        requestMilli: requestsOf(pods),
      };
    case 'pods':
      return { type, targetMilli: metric.targetAverageMilli ?? 0, samples: samplesOf(metric, nowS) };
    case 'objectValue':
    case 'objectAverage':
      return { type, targetMilli: targetOf(metric), valueMilli: isAvailable ? valueMilli : undefined };
    case 'externalValue':
    case 'externalAverage':
      return { type, targetMilli: targetOf(metric), valuesMilli: isAvailable ? valuesMilli : undefined };
    default:
      return { type: 'objectValue', targetMilli: 1, valueMilli: undefined };
  }
}

/** With the defaults of Kubernetes where the case is silent. */
export function behaviorOf(behavior: BehaviorInput, downWindowS = DOWN_WINDOW_S): Behavior {
  return completeBehavior(
    { scaleUp: rulesOf(behavior.scaleUp), scaleDown: rulesOf(behavior.scaleDown) },
    ms(downWindowS),
  );
}

/** In the order of the case. */
export function eventsOf(events: readonly EventInput[]): ScaleEvent[] {
  return events.map(({ t, change }) => ({ at: ms(t), change }));
}

/** In the order of the case, which need not be that of time. */
export function recommendationsOf(log: readonly RecommendationInput[]): Recommendation[] {
  return log.map(({ t, replicas }) => ({ at: ms(t), replicas }));
}

function targetOf(metric: MetricInput): number {
  return metric.targetMilli ?? metric.targetAverageMilli ?? 0;
}

function samplesOf(
  { unavailable, samples, sampleTime, sampleWindowS }: MetricInput,
  nowS: number,
): ReadonlyMap<string, Sample> | undefined {
  if (unavailable === true || samples === undefined) return undefined;
  const common = { takenAt: ms(sampleTime ?? nowS), windowMs: ms(sampleWindowS ?? 0) };
  return new Map(Object.entries(samples).map(([name, valueMilli]) => [name, { ...common, valueMilli }]));
}

function requestsOf(pods: readonly PodInput[]): ReadonlyMap<string, number> {
  return new Map(
    pods.flatMap(({ name, requestMilli }) =>
      requestMilli === null || requestMilli === undefined ? [] : [[name, requestMilli] as const],
    ),
  );
}

function rulesOf(rules: RulesInput | null | undefined): Partial<ScalingRules> {
  const { stabilizationWindowS, selectPolicy, policies } = rules ?? {};
  return {
    ...(stabilizationWindowS == null ? {} : { stabilizationWindowMs: ms(stabilizationWindowS) }),
    ...(selectPolicy == null ? {} : { selectPolicy }),
    ...(policies == null
      ? {}
      : { policies: policies.map(({ type, value, periodS }) => ({ type, value, periodMs: ms(periodS) })) }),
  };
}
