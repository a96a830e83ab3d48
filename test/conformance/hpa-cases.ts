import { type Direction, policyLimit } from '../../src/scaling/hpa/hpa-behavior.ts';
import { changeWithin, isOutdated, recordEvent } from '../../src/scaling/hpa/hpa-events.ts';
import { limitRate, limitStep } from '../../src/scaling/hpa/hpa-limits.ts';
import { proposeReplicas } from '../../src/scaling/hpa/hpa-metric.ts';
import { decideHpa } from '../../src/scaling/hpa/hpa-policy.ts';
import { groupReplicas } from '../../src/scaling/hpa/hpa-replicas.ts';
import { stabilizeBothWays, stabilizeDown } from '../../src/scaling/hpa/hpa-stabilization.ts';
import { ms } from './case-seconds.ts';
import {
  type BehaviorInput,
  behaviorOf,
  type ConfigInput,
  type EventInput,
  eventsOf,
  type MetricInput,
  metricOf,
  type PodInput,
  type RecommendationInput,
  recommendationsOf,
  replicasOf,
  settingsOf,
} from './hpa-inputs.ts';
import { runnersOf, type Solver } from './solver-runner.ts';

interface StepInput {
  readonly scaleUpLimitFactor: number;
  readonly scaleUpLimitMinimum: number;
}

interface BoundsInput {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

interface EventsInput {
  readonly scaleUpEvents: readonly EventInput[];
  readonly scaleDownEvents: readonly EventInput[];
}

interface ReconcileInput extends BoundsInput, EventsInput {
  readonly now: number;
  readonly config: ConfigInput & StepInput & { readonly downscaleStabilizationS: number };
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly behavior: BehaviorInput | null;
  readonly metrics: readonly MetricInput[];
  readonly pods: readonly PodInput[];
  readonly recommendations: readonly RecommendationInput[] | null;
}

const SOLVERS: Readonly<Record<string, Solver>> = {
  'hpa.metric': (it: {
    now: number;
    config: ConfigInput;
    currentReplicas: number;
    metric: MetricInput;
    pods: readonly PodInput[];
  }) => {
    const count = it.currentReplicas;
    const scale = { specReplicas: count, statusReplicas: count, replicas: replicasOf(it.pods) };
    const metric = metricOf(it.metric, it.pods, it.now);
    const proposal = proposeReplicas(settingsOf(it.config), metric, scale, ms(it.now));
    return proposal.kind === 'failure' ? { error: true } : { error: false, ...proposal };
  },
  'hpa.groupPods': groupPods,
  'hpa.reconcile': reconcile,
  'hpa.clamp': (
    it: BoundsInput & { config: StepInput; currentReplicas: number; desiredReplicas: number },
  ) => {
    const move = { current: it.currentReplicas, wanted: it.desiredReplicas };
    const { replicas, reason } = limitStep(stepUpOf(it.config), it, move);
    return { replicas, limitReason: reason };
  },
  'hpa.policyLimit': (
    it: EventsInput & {
      now: number;
      direction: Direction;
      currentReplicas: number;
      rules: NonNullable<BehaviorInput['scaleUp']>;
    },
  ) => {
    const { scaleUp, scaleDown } = behaviorOf({ scaleUp: it.rules, scaleDown: it.rules });
    const facts = { current: it.currentReplicas, events: bothEvents(it) };
    const rules = it.direction === 'up' ? scaleUp : scaleDown;
    return { replicas: policyLimit(it.direction, rules, facts, ms(it.now)) };
  },
  'hpa.behaviorRate': (
    it: BoundsInput &
      EventsInput & {
        now: number;
        currentReplicas: number;
        desiredReplicas: number;
        behavior: BehaviorInput;
      },
  ) => {
    const move = { current: it.currentReplicas, wanted: it.desiredReplicas, events: bothEvents(it) };
    const { replicas, reason } = limitRate(behaviorOf(it.behavior), it, move, ms(it.now));
    return { replicas, limitReason: reason };
  },
  'hpa.stabilize': (it: {
    now: number;
    windowS: number;
    recommendations: readonly RecommendationInput[];
    desiredReplicas: number;
  }) => {
    const log = recommendationsOf(it.recommendations);
    const stabilized = stabilizeDown(ms(it.windowS), log, it.desiredReplicas, ms(it.now));
    return { replicas: stabilized.replicas, storedRecommendations: stabilized.log.length };
  },
  'hpa.stabilizeBehavior': (it: {
    now: number;
    scaleUpWindowS: number;
    scaleDownWindowS: number;
    currentReplicas: number;
    desiredReplicas: number;
    recommendations: readonly RecommendationInput[];
  }) => {
    const windows = { upMs: ms(it.scaleUpWindowS), downMs: ms(it.scaleDownWindowS) };
    const move = { current: it.currentReplicas, wanted: it.desiredReplicas };
    const stabilized = stabilizeBothWays(windows, recommendationsOf(it.recommendations), move, ms(it.now));
    return {
      replicas: stabilized.replicas,
      storedRecommendations: stabilized.log.map(({ replicas }) => replicas),
    };
  },
  'hpa.storeEvent': (it: {
    now: number;
    longestPolicyPeriodS: number;
    replicaChange: number;
    events: readonly EventInput[];
  }) => {
    const [now, longestMs] = [ms(it.now), ms(it.longestPolicyPeriodS)];
    const before = eventsOf(it.events);
    return {
      changeInLast60sBefore: changeWithin(before, ms(60), now),
      events: recordEvent(before, it.replicaChange, longestMs, now).map((event) => ({
        change: event.change,
        outdated: isOutdated(event, longestMs, now),
      })),
    };
  },
};

/** One runner per kind that begins with `hpa`. */
export const HPA_RUNNERS = runnersOf(SOLVERS);

function groupPods(
  it: {
    now: number;
    config: ConfigInput;
    resource?: string | null;
    pods: readonly PodInput[];
    samples: Readonly<Record<string, { valueMilli: number; t: number; windowS: number }>>;
  },
  expect: Readonly<Record<'unready' | 'missing' | 'ignored', readonly string[]>>,
) {
  const samples = new Map(
    Object.entries(it.samples).map(([name, { valueMilli, t, windowS }]) => [
      name,
      { valueMilli, takenAt: ms(t), windowMs: ms(windowS) },
    ]),
  );
  const groups = groupReplicas(
    settingsOf(it.config),
    replicasOf(it.pods),
    { samples, ...(it.resource == null ? {} : { resource: it.resource }) },
    ms(it.now),
  );
  return {
    readyCount: groups.readyCount,
    unready: asSet(groups.unready, expect.unready),
    missing: asSet(groups.missing, expect.missing),
    ignored: asSet(groups.ignored, expect.ignored),
  };
}

function reconcile(it: ReconcileInput) {
  const decision = decideHpa(
    {
      ...settingsOf(it.config),
      minReplicas: it.minReplicas,
      maxReplicas: it.maxReplicas,
      behavior: it.behavior === null ? undefined : behaviorOf(it.behavior, it.config.downscaleStabilizationS),
      downWindowMs: ms(it.config.downscaleStabilizationS),
      stepUp: stepUpOf(it.config),
    },
    {
      recommendations: it.recommendations === null ? undefined : recommendationsOf(it.recommendations),
      events: bothEvents(it),
    },
    {
      scale: {
        specReplicas: it.specReplicas,
        statusReplicas: it.statusReplicas,
        replicas: replicasOf(it.pods),
      },
      metrics: it.metrics.map((metric) => metricOf(metric, it.pods, it.now)),
    },
    ms(it.now),
  );
  return {
    replicas: decision.replicas,
    limitReason: decision.limitReason ?? null,
    metricError: decision.hasMetricFailure,
  };
}

function stepUpOf({ scaleUpLimitFactor, scaleUpLimitMinimum }: StepInput) {
  return { factor: scaleUpLimitFactor, minimum: scaleUpLimitMinimum };
}

function bothEvents({ scaleUpEvents, scaleDownEvents }: EventsInput) {
  return { up: eventsOf(scaleUpEvents), down: eventsOf(scaleDownEvents) };
}

/** The names in the order that is expected, if they are the same names. */
function asSet(got: readonly string[], wanted: readonly string[]): readonly string[] {
  const isSame = got.length === wanted.length && wanted.every((name) => got.includes(name));
  return isSame ? wanted : got;
}
