import { completeBehavior, type PartialBehavior } from './hpa/hpa-behavior.ts';
import type { HpaMetric } from './hpa/hpa-metric.ts';
import { decideHpa, HPA_DEFAULTS, type HpaSettings, type HpaState, NEW_HPA } from './hpa/hpa-policy.ts';
import type { Proposal as HpaProposal, Scale } from './hpa/hpa-proposal.ts';
import type { Sample } from './hpa/hpa-replicas.ts';
import type {
  Proposal,
  ReplicaUseFacts,
  ScalingDecision,
  ScalingFacts,
  ScalingPolicy,
} from './scaling-policy.ts';

/** Settings of the engine that decides as Kubernetes does. */
export interface HpaScalingSettings {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** undefined: CPU does not count. */
  readonly targetCpuPercent: number | undefined;
  readonly targetMemoryPercent: number | undefined;
  /** Rows in flight per replica; undefined: they do not count. */
  readonly targetInFlightRows?: number | undefined;
  readonly downWindowMs: number;
  readonly behavior?: PartialBehavior | undefined;
}

/** The period of the controller, and the window of the samples that it sees. */
const PERIOD_MS = 15_000;
const WINDOW_MS = 30_000;
/** A replica here starts in less than a second: its CPU counts as soon as a window has passed. */
const INITIALIZATION_MS = 30_000;
const MILLI = 1_000;

/** The HorizontalPodAutoscaler of Kubernetes on the replicas of this machine: a pass every 15 s. */
export class HpaScaling implements ScalingPolicy {
  readonly #settings: HpaScalingSettings;
  readonly #rules: HpaSettings;
  #state: HpaState = NEW_HPA;
  #dueAt = Number.NEGATIVE_INFINITY;
  #last: ScalingDecision | undefined;

  constructor(settings: HpaScalingSettings) {
    this.#settings = settings;
    const { minReplicas, maxReplicas, downWindowMs, behavior } = settings;
    this.#rules = {
      ...{ ...HPA_DEFAULTS, minReplicas, maxReplicas, downWindowMs, cpuInitializationMs: INITIALIZATION_MS },
      behavior: behavior && completeBehavior(behavior, downWindowMs),
    };
  }

  decide(facts: ScalingFacts): ScalingDecision {
    if (this.#last !== undefined && facts.now < this.#dueAt) return this.#last;
    this.#dueAt = facts.now + PERIOD_MS;
    const metrics = this.#metrics(facts);
    const { proposals, replicas, winner, limitReason, state } = decideHpa(
      this.#rules,
      this.#state,
      { scale: scaleOf(facts), metrics: metrics.map(({ metric }) => metric) },
      facts.now,
    );
    this.#state = state;
    const told = metrics.map(({ signal }, index) => toldOf(signal, proposals[index]));
    const minimum: Proposal = { signal: 'minimum', replicas, because: 'no metric asked for a change' };
    this.#last = {
      ...{ replicas, proposals: told },
      winner: (winner === undefined ? undefined : told[winner]) ?? minimum,
      limit: limitReason === undefined || limitReason === 'DesiredWithinRange' ? '' : limitReason,
    };
    return this.#last;
  }

  #metrics({ now, replicas, inFlightRows, ready }: ScalingFacts): readonly MetricFor[] {
    const { targetCpuPercent, targetMemoryPercent, targetInFlightRows } = this.#settings;
    const metrics: MetricFor[] = [];
    if (targetCpuPercent !== undefined) {
      metrics.push({
        signal: 'cpu',
        metric: utilization(now, 'cpu', targetCpuPercent, replicas, ({ cpuShare }) => cpuShare),
      });
    }
    if (targetMemoryPercent !== undefined) {
      const shareOf = ({ memoryShare }: ReplicaUseFacts) => memoryShare;
      metrics.push({
        signal: 'memory',
        metric: utilization(now, 'memory', targetMemoryPercent, replicas, shareOf),
      });
    }
    if (targetInFlightRows !== undefined) {
      const each = () => inFlightRows / Math.max(1, ready);
      const samples = samplesOf(
        now,
        replicas.filter(({ isReady }) => isReady),
        each,
      );
      metrics.push({
        signal: 'in flight',
        metric: { type: 'pods', targetMilli: MILLI * targetInFlightRows, samples },
      });
    }
    return metrics;
  }
}

interface MetricFor {
  readonly signal: Proposal['signal'];
  readonly metric: HpaMetric;
}

function utilization(
  now: number,
  resource: string,
  targetPercent: number,
  replicas: readonly ReplicaUseFacts[],
  shareOf: (replica: ReplicaUseFacts) => number | undefined,
): HpaMetric {
  const requestMilli = new Map(replicas.map(({ id }) => [id, MILLI]));
  return {
    type: 'resourceUtilization',
    resource,
    targetPercent,
    samples: samplesOf(now, replicas, shareOf),
    requestMilli,
  };
}

function samplesOf(
  now: number,
  replicas: readonly ReplicaUseFacts[],
  measure: (replica: ReplicaUseFacts) => number | undefined,
): ReadonlyMap<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const replica of replicas) {
    const value = measure(replica);
    if (value === undefined) continue;
    samples.set(replica.id, {
      valueMilli: Math.round(MILLI * value),
      takenAt: now,
      windowMs: WINDOW_MS,
    });
  }
  return samples;
}

function scaleOf({ wanted, replicas }: ScalingFacts): Scale {
  return {
    ...{ specReplicas: wanted, statusReplicas: wanted },
    replicas: replicas.map(({ id, isReady, isEnding, since }) => ({
      ...{ id, isEnding, startedAt: since, readiness: { isReady, since } },
      phase: 'running' as const,
    })),
  };
}

function toldOf(signal: Proposal['signal'], proposal: HpaProposal | undefined): Proposal {
  if (proposal === undefined || proposal.kind === 'failure') {
    return { signal, replicas: 0, because: proposal?.reason ?? 'it was not looked at' };
  }
  const { replicas, utilizationPercent, averageMilli } = proposal;
  const because =
    utilizationPercent === undefined
      ? `${averageMilli / MILLI} on average`
      : `${utilizationPercent} % on average`;
  return { signal, replicas, because };
}
