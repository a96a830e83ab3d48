import {
  boundedReplicas,
  decideRay,
  delayChange,
  NEW_RAY,
  RAY_DEFAULTS,
  type RaySettings,
  rawReplicas,
  scaledReplicas,
} from '../../src/simulate/scaling/ray-policy.ts';
import { ms } from './case-seconds.ts';
import { runnersOf, type Solver } from './solver-runner.ts';

interface ConfigInput {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetOngoingRequests: number;
  readonly upscalingFactor: number | null;
  readonly downscalingFactor: number | null;
  readonly upscaleDelayS: number;
  readonly downscaleDelayS: number;
  readonly downscaleToZeroDelayS: number | null;
  readonly controlLoopS: number;
}

interface Repeated {
  readonly repeat: number;
}

const SOLVERS: Readonly<Record<string, Solver>> = {
  'ray.policy': ({
    config,
    steps,
  }: {
    config: ConfigInput;
    steps: readonly (Repeated & {
      totalRequests: number;
      running: number;
      target: number;
      rawDesired?: number | null;
    })[];
  }) => {
    let state = NEW_RAY;
    return {
      steps: repeated(steps, ({ totalRequests, running, target, rawDesired }) => {
        const facts = { requests: totalRequests, running, target };
        const desire = rawDesired == null ? rawReplicas : () => rawDesired;
        const decision = decideRay(settingsOf(config), state, facts, desire);
        state = decision.state;
        return decision.replicas;
      }),
    };
  },
  'ray.delay': ({
    config,
    steps,
  }: {
    config: ConfigInput;
    steps: readonly (Repeated & { desired: number; target: number })[];
  }) => {
    let state = NEW_RAY;
    return {
      steps: repeated(steps, ({ desired, target }) => {
        const decision = delayChange(settingsOf(config), state, desired, target);
        state = decision.state;
        return decision.replicas;
      }),
    };
  },
  'ray.scalingFactor': (it: {
    desired: number;
    current: number;
    upscalingFactor: number | null;
    downscalingFactor: number | null;
  }) => {
    const gains = {
      upscalingFactor: it.upscalingFactor ?? 1,
      downscalingFactor: it.downscalingFactor ?? 1,
    };
    return { replicas: scaledReplicas({ ...RAY_DEFAULTS, ...gains }, it.desired, it.current) };
  },
  'ray.bounds': ({ desired, ...bounds }: { desired: number; minReplicas: number; maxReplicas: number }) => ({
    replicas: boundedReplicas({ ...RAY_DEFAULTS, ...bounds }, desired),
  }),
  'ray.desired': (
    it: { config: ConfigInput; totalRequests: number; running: number },
    expect: { replicasMin: number; replicasMax: number },
  ) => {
    const settings = settingsOf(it.config);
    const facts = { requests: it.totalRequests, running: it.running, target: it.running };
    const scaled = scaledReplicas(settings, rawReplicas(settings, facts), it.running);
    const replicas = boundedReplicas(settings, scaled);
    return {
      replicasMin: Math.min(replicas, expect.replicasMin),
      replicasMax: Math.max(replicas, expect.replicasMax),
    };
  },
};

/** One runner per kind that begins with `ray`. */
export const RAY_RUNNERS = runnersOf(SOLVERS);

/** The one answer of all repetitions of a step; several answers are a list, which no case expects. */
function repeated<Step extends Repeated>(steps: readonly Step[], decide: (step: Step) => number) {
  return steps.map((step) => {
    const answers = new Set(Array.from({ length: step.repeat }, () => decide(step)));
    const [first] = answers;
    return { replicas: answers.size === 1 ? first : [...answers] };
  });
}

function settingsOf(config: ConfigInput): RaySettings {
  return {
    minReplicas: config.minReplicas,
    maxReplicas: config.maxReplicas,
    targetOngoingRequests: config.targetOngoingRequests,
    upscalingFactor: config.upscalingFactor ?? 1,
    downscalingFactor: config.downscalingFactor ?? 1,
    upscaleDelayMs: ms(config.upscaleDelayS),
    downscaleDelayMs: ms(config.downscaleDelayS),
    downscaleToZeroDelayMs: ms(config.downscaleToZeroDelayS ?? config.downscaleDelayS),
    controlLoopMs: ms(config.controlLoopS),
  };
}
