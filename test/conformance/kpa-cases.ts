import {
  decideKpa,
  type KpaSettings,
  type KpaState,
  startKpa,
} from '../../src/simulate/scaling/kpa-policy.ts';
import { type IndexedValues, largestValue, withValue } from '../../src/simulate/scaling/kpa-sliding-max.ts';
import { resolveTarget } from '../../src/simulate/scaling/kpa-target.ts';
import {
  averageOf,
  EMPTY_WINDOW,
  recordIn,
  weightedAverageOf,
} from '../../src/simulate/scaling/kpa-window.ts';
import { decideZero, type KpaZeroFacts } from '../../src/simulate/scaling/kpa-zero.ts';
import { ms } from './case-seconds.ts';
import { runnersOf, type Solver } from './solver-runner.ts';

interface SpecInput {
  readonly targetValue: number;
  readonly totalValue: number;
  readonly targetBurstCapacity: number;
  readonly panicThreshold: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly stableWindowS: number;
  readonly scaleDownDelayS: number;
  readonly activationScale: number;
  readonly reachable: boolean;
  readonly tickS: number;
}

interface ScaleInput {
  readonly spec: SpecInput;
  readonly initialReadyPods: number;
  readonly initialPanic: { readonly since: number; readonly maxPods: number } | null;
  readonly steps: readonly {
    readonly t: number;
    readonly readyPods: number | null;
    readonly stable: number | null;
    readonly panic: number | null;
    readonly spec?: Partial<SpecInput>;
  }[];
}

interface WindowInput {
  readonly windowS: number;
  readonly granularityS: number;
  readonly ops: readonly (readonly ['record', number, number] | readonly ['average', number])[];
}

interface TargetInput {
  readonly metric: 'concurrency' | 'rps';
  readonly containerConcurrency: number;
  readonly concurrencyTargetFraction: number;
  readonly concurrencyTargetDefault: number;
  readonly rpsTargetDefault: number;
  readonly rpsTargetUtilization: number;
  readonly targetAnnotation: number | null;
  readonly targetUtilizationAnnotation: number | null;
  readonly targetMin: number;
}

interface ZeroInput {
  readonly desired: number;
  readonly currentReplicas: number;
  readonly minScale: number;
  readonly maxScale: number;
  readonly initialScale: number;
  readonly initialScaleAttained: boolean;
  readonly reachability: 'unknown' | 'reachable' | 'unreachable';
  readonly enableScaleToZero: boolean;
  readonly stableWindowS: number;
  readonly gracePeriodS: number;
  readonly lastPodRetentionS: number;
  readonly activationTimeoutS: number;
  readonly holderAlwaysInPath: boolean;
  readonly holderReady: boolean;
  readonly holdingForS: number;
  readonly status: { readonly state: KpaZeroFacts['activity']['state']; readonly forS: number };
}

const SOLVERS: Readonly<Record<string, Solver>> = {
  'kpa.scale': scaleSteps,
  'kpa.start': ({ initialReadyPods, t }: { initialReadyPods: number; t: number }) => {
    const { panicSince, peak } = startKpa(initialReadyPods, ms(t));
    return { panic: panicSince !== undefined, maxPanicPods: peak };
  },
  'kpa.windowAverage': (it: WindowInput) => ({ averages: averages(it, averageOf) }),
  'kpa.weightedAverage': (it: WindowInput) => ({ averages: averages(it, weightedAverageOf) }),
  'kpa.slidingMax': ({ size, records }: { size: number; records: IndexedValues }) => {
    let values: IndexedValues = [];
    return {
      max: records.map(([index, value]) => {
        values = withValue(values, size, index, value);
        return largestValue(values);
      }),
    };
  },
  'kpa.target': (it: TargetInput) => ({
    ...resolveTarget({
      metric: it.metric,
      hardConcurrency: it.containerConcurrency,
      concurrencyDefault: it.concurrencyTargetDefault,
      concurrencyUtilization: it.concurrencyTargetFraction,
      rpsDefault: it.rpsTargetDefault,
      rpsUtilization: it.rpsTargetUtilization,
      target: it.targetAnnotation ?? undefined,
      utilizationPercent: percentOf(it.targetUtilizationAnnotation),
      minTarget: it.targetMin,
    }),
  }),
  'kpa.scaleToZero': (it: ZeroInput) => {
    const decision = decideZero(
      {
        minScale: it.minScale,
        maxScale: it.maxScale,
        initialScale: it.initialScale,
        isZeroEnabled: it.enableScaleToZero,
        stableWindowMs: ms(it.stableWindowS),
        gracePeriodMs: ms(it.gracePeriodS),
        lastReplicaRetentionMs: ms(it.lastPodRetentionS),
        activationTimeoutMs: ms(it.activationTimeoutS),
        isHolderAlwaysInPath: it.holderAlwaysInPath,
      },
      {
        wanted: it.desired < 0 ? undefined : it.desired,
        current: it.currentReplicas,
        hasReachedInitialScale: it.initialScaleAttained,
        isUnreachable: it.reachability === 'unreachable',
        isHolderReady: it.holderReady,
        holdingForMs: ms(it.holdingForS),
        activity: { state: it.status.state, forMs: ms(it.status.forS) },
      },
    );
    return { replicas: decision.replicas ?? -1, applied: decision.isApplied };
  },
};

/** One runner per kind that begins with `kpa`. */
export const KPA_RUNNERS = runnersOf(SOLVERS);

function scaleSteps(it: ScaleInput) {
  const start = startKpa(it.initialReadyPods, ms(it.steps[0]?.t ?? 0));
  let spec = it.spec;
  let state: KpaState =
    it.initialPanic === null
      ? start
      : { ...start, panicSince: ms(it.initialPanic.since), peak: it.initialPanic.maxPods };
  const steps = it.steps.map((step) => {
    spec = { ...spec, ...step.spec };
    const { readyPods, stable, panic } = step;
    if (readyPods === null || stable === null || panic === null) return { valid: false };
    const decision = decideKpa(
      settingsOf(spec),
      state,
      { readyReplicas: readyPods, stable, panic },
      ms(step.t),
    );
    state = decision.state;
    return {
      valid: true,
      replicas: decision.replicas,
      excessBurstCapacity: decision.excessBurstCapacity,
      panicSince: state.panicSince === undefined ? null : state.panicSince / 1000,
    };
  });
  return { steps };
}

function settingsOf(spec: SpecInput): KpaSettings {
  return {
    ...spec,
    stableWindowMs: ms(spec.stableWindowS),
    scaleDownDelayMs: ms(spec.scaleDownDelayS),
    isReachable: spec.reachable,
    tickMs: ms(spec.tickS),
  };
}

function averages({ windowS, granularityS, ops }: WindowInput, average: typeof averageOf): number[] {
  const settings = { windowMs: ms(windowS), granularityMs: ms(granularityS) };
  let window = EMPTY_WINDOW;
  return ops.flatMap((op) => {
    if (op[0] === 'average') return [average(settings, window, ms(op[1]))];
    window = recordIn(settings, window, op[2], ms(op[1]));
    return [];
  });
}

/** The least that an annotation may ask for is 1 percent, so a smaller number, or 1, is a share. */
function percentOf(utilization: number | null): number | undefined {
  if (utilization === null) return undefined;
  return utilization > 1 ? utilization : utilization * 100;
}
