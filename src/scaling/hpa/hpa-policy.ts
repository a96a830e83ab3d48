import { afterChange, type Behavior } from './hpa-behavior.ts';
import { NO_EVENTS, type ScaleEvents } from './hpa-events.ts';
import {
  type Bounds,
  type Limited,
  type LimitReason,
  limitRate,
  limitStep,
  type StepUp,
} from './hpa-limits.ts';
import { type HpaMetric, proposeReplicas } from './hpa-metric.ts';
import type { MetricSettings } from './hpa-per-replica-metric.ts';
import type { Proposal, Scale } from './hpa-proposal.ts';
import {
  type Recommendation,
  type Stabilized,
  stabilizeBothWays,
  stabilizeDown,
} from './hpa-stabilization.ts';

/** The rules for one version. `behavior` decides which of two sets of limits applies. */
export interface HpaSettings extends MetricSettings, Bounds {
  /** Replaces `downWindowMs` and `stepUp` where it is given. */
  readonly behavior: Behavior | undefined;
  readonly downWindowMs: number;
  readonly stepUp: StepUp;
}

/** The constants of the Kubernetes controller. */
export const HPA_DEFAULTS = {
  toleranceUp: 0.1,
  toleranceDown: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
  downWindowMs: 300_000,
  stepUp: { factor: 2, minimum: 4 },
} as const;

/** What one pass leaves to the next. */
export interface HpaState {
  /** undefined before the first pass, which seeds the log with the number that it finds. */
  readonly recommendations: readonly Recommendation[] | undefined;
  readonly events: ScaleEvents;
}

/** Before the first pass, also after a restart. */
export const NEW_HPA: HpaState = { recommendations: undefined, events: NO_EVENTS };

/** The number of replicas from now on, with everything that led to it. */
export interface HpaDecision {
  readonly replicas: number;
  /** What decided: the state of the version alone, its metrics, or nothing because metrics failed. */
  readonly basis: 'disabled' | 'bounds' | 'metrics' | 'metrics failed';
  /** One per metric, in their order; empty when no metric was looked at. */
  readonly proposals: readonly Proposal[];
  /** The index of the metric with the largest proposal. */
  readonly winner: number | undefined;
  /** After the windows, before the limits. */
  readonly stabilized: number | undefined;
  readonly limitReason: LimitReason | undefined;
  readonly hasMetricFailure: boolean;
  readonly state: HpaState;
}

/** One whole pass of the Kubernetes HPA (autoscaling/v2). */
export function decideHpa(
  settings: HpaSettings,
  state: HpaState,
  { scale, metrics }: { readonly scale: Scale; readonly metrics: readonly HpaMetric[] },
  now: number,
): HpaDecision {
  const current = scale.specReplicas;
  const { minReplicas, maxReplicas } = settings;
  const log = state.recommendations ?? [{ at: now, replicas: current }];
  const seeded = { ...state, recommendations: log };
  const unmeasured = {
    proposals: [],
    winner: undefined,
    stabilized: undefined,
    limitReason: undefined,
    hasMetricFailure: false,
    state: seeded,
  };
  if (current === 0 && minReplicas !== 0) return { ...unmeasured, replicas: 0, basis: 'disabled' };
  if (current > maxReplicas || current < minReplicas) {
    const replicas = current > maxReplicas ? maxReplicas : minReplicas;
    return {
      ...unmeasured,
      replicas,
      basis: 'bounds',
      state: withChange(settings, seeded, scale, replicas, now),
    };
  }

  const proposals = metrics.map((metric) => proposeReplicas(settings, metric, scale, now));
  const hasMetricFailure = proposals.some(({ kind }) => kind === 'failure');
  const winner = largest(proposals);
  const measured = { ...unmeasured, proposals, winner: winner?.index, hasMetricFailure };
  // A metric that failed might have proposed more, so the others may only raise.
  if (winner === undefined || (hasMetricFailure && winner.replicas < current)) {
    return { ...measured, replicas: current, basis: 'metrics failed' };
  }

  const stabilized = stabilize(settings, log, { current, wanted: winner.replicas }, now);
  const move = { current, wanted: stabilized.replicas, events: state.events };
  const { replicas, reason } = limit(settings, move, now);
  const after = { ...seeded, recommendations: stabilized.log };
  return {
    ...measured,
    replicas,
    basis: 'metrics',
    stabilized: stabilized.replicas,
    limitReason: reason,
    state: withChange(settings, after, scale, replicas, now),
  };
}

function largest(
  proposals: readonly Proposal[],
): { readonly index: number; readonly replicas: number } | undefined {
  let most: { index: number; replicas: number } | undefined;
  for (const [index, each] of proposals.entries()) {
    if (each.kind === 'failure') continue;
    if (most === undefined || each.replicas > most.replicas) most = { index, replicas: each.replicas };
  }
  return most;
}

function stabilize(
  { behavior, downWindowMs }: HpaSettings,
  log: readonly Recommendation[],
  move: { readonly current: number; readonly wanted: number },
  now: number,
): Stabilized {
  if (behavior === undefined) return stabilizeDown(downWindowMs, log, move.wanted, now);
  const upMs = behavior.scaleUp.stabilizationWindowMs;
  return stabilizeBothWays({ upMs, downMs: behavior.scaleDown.stabilizationWindowMs }, log, move, now);
}

function limit(
  settings: HpaSettings,
  move: { readonly current: number; readonly wanted: number; readonly events: ScaleEvents },
  now: number,
): Limited {
  const { behavior, stepUp } = settings;
  return behavior === undefined
    ? limitStep(stepUp, settings, move)
    : limitRate(behavior, settings, move, now);
}

/** Only behavior limits a rate, so only then are changes remembered. */
function withChange(
  { behavior }: HpaSettings,
  state: HpaState,
  { specReplicas }: Scale,
  replicas: number,
  now: number,
): HpaState {
  if (behavior === undefined || replicas === specReplicas) return state;
  return { ...state, events: afterChange(behavior, state.events, { from: specReplicas, to: replicas }, now) };
}
