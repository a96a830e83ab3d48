import { type IndexedValues, largestValue, withValue } from './kpa-sliding-max.ts';

/** The scale rules of one version; loads are concurrent requests or requests per second. */
export interface KpaSettings {
  /** Load per replica to aim for. */
  readonly targetValue: number;
  /** Load that a replica bears, for the burst capacity. */
  readonly totalValue: number;
  /** Load that may arrive at once; negative for unlimited. */
  readonly targetBurstCapacity: number;
  /** Replicas that the panic window needs, as a multiple of the ready ones, from which there is panic. */
  readonly panicThreshold: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly stableWindowMs: number;
  readonly scaleDownDelayMs: number;
  /** The least number that is not zero; up to 1 it has no effect. */
  readonly activationScale: number;
  /** No traffic can reach a version without routes, so it may shrink at once. */
  readonly isReachable: boolean;
  readonly tickMs: number;
}

/** Knative's defaults, for a target of 70 concurrent requests of 100. */
export const KPA_DEFAULTS: KpaSettings = {
  targetValue: 70,
  totalValue: 100,
  targetBurstCapacity: 211,
  panicThreshold: 2,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  stableWindowMs: 60_000,
  scaleDownDelayMs: 0,
  activationScale: 1,
  isReachable: true,
  tickMs: 2000,
};

/** What one decision leaves to the next. */
export interface KpaState {
  /** The last moment above the panic threshold; undefined outside panic. */
  readonly panicSince: number | undefined;
  /** The most that was wanted during this panic. */
  readonly peak: number;
  /** Wanted numbers of the scale-down delay, by tick. */
  readonly wants: IndexedValues;
}

/** The load of all replicas together, averaged over the two windows. */
export interface KpaFacts {
  readonly readyReplicas: number;
  readonly stable: number;
  readonly panic: number;
}

/** The number of replicas from now on. */
export interface KpaDecision {
  readonly replicas: number;
  /** Negative: the gateway is to hold requests, because the replicas could not bear a burst. */
  readonly excessBurstCapacity: number;
  readonly state: KpaState;
}

/** A policy that starts beside more than one replica has no history, so it starts in panic and keeps them. */
export function startKpa(readyReplicas: number, now: number): KpaState {
  return { panicSince: readyReplicas > 1 ? now : undefined, peak: readyReplicas, wants: [] };
}

/** One tick of the Knative autoscaler. Without data there is nothing to decide, so nothing to call. */
export function decideKpa(settings: KpaSettings, state: KpaState, facts: KpaFacts, now: number): KpaDecision {
  const ready = Math.max(1, facts.readyReplicas);
  const neededNow = Math.ceil(facts.panic / settings.targetValue);
  const wantStable = allowed(settings, ready, Math.ceil(facts.stable / settings.targetValue));
  const wantPanic = allowed(settings, ready, neededNow);

  const panic = afterTick(settings, state, neededNow / ready >= settings.panicThreshold, now);
  const isPanicking = panic.panicSince !== undefined;
  const want = isPanicking ? Math.max(wantStable, wantPanic, panic.peak) : wantStable;
  const wants = delayed(settings, state.wants, want, now);
  return {
    replicas: wants === undefined ? want : largestValue(wants),
    excessBurstCapacity: excessBurstCapacity(settings, facts),
    state: {
      panicSince: panic.panicSince,
      peak: isPanicking ? want : panic.peak,
      wants: wants ?? state.wants,
    },
  };
}

/** The needed number within the rates of change. The activation scale stands above the rates. */
function allowed(settings: KpaSettings, ready: number, needed: number): number {
  const most = Math.ceil(settings.maxScaleUpRate * ready);
  const least = settings.isReachable ? Math.floor(ready / settings.maxScaleDownRate) : 0;
  const want = Math.min(Math.max(needed, least), most);
  return settings.activationScale > 1 && needed > 0 ? Math.max(want, settings.activationScale) : want;
}

function afterTick(
  { stableWindowMs }: KpaSettings,
  { panicSince, peak }: KpaState,
  isOverThreshold: boolean,
  now: number,
): { readonly panicSince: number | undefined; readonly peak: number } {
  if (isOverThreshold) return { panicSince: now, peak };
  // After a stable window, the stable average contains the whole surge.
  const isOver = panicSince !== undefined && panicSince + stableWindowMs < now;
  return isOver ? { panicSince: undefined, peak: 0 } : { panicSince, peak };
}

/** The wants of the delay, with this one; undefined when no delay applies. */
function delayed(
  { isReachable, scaleDownDelayMs, tickMs }: KpaSettings,
  wants: IndexedValues,
  want: number,
  now: number,
): IndexedValues | undefined {
  if (!isReachable || scaleDownDelayMs <= 0) return undefined;
  return withValue(wants, Math.ceil(scaleDownDelayMs / tickMs), Math.floor(now / tickMs), want);
}

function excessBurstCapacity(settings: KpaSettings, { readyReplicas, panic }: KpaFacts): number {
  const { targetBurstCapacity, totalValue } = settings;
  if (targetBurstCapacity === 0) return 0;
  if (targetBurstCapacity < 0) return -1;
  return Math.floor(readyReplicas * totalValue - targetBurstCapacity - panic);
}
