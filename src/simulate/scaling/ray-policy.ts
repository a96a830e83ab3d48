/** The `autoscaling_config` of one deployment. */
export interface RaySettings {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetOngoingRequests: number;
  /** How much of a wanted change is made at once, per direction. */
  readonly upscalingFactor: number;
  readonly downscalingFactor: number;
  readonly upscaleDelayMs: number;
  readonly downscaleDelayMs: number;
  /** For the step from one replica to none. */
  readonly downscaleToZeroDelayMs: number;
  readonly controlLoopMs: number;
}

/** Ray Serve's defaults when autoscaling is on. */
export const RAY_DEFAULTS: RaySettings = {
  minReplicas: 1,
  maxReplicas: 100,
  targetOngoingRequests: 2,
  upscalingFactor: 1,
  downscalingFactor: 1,
  upscaleDelayMs: 30_000,
  downscaleDelayMs: 600_000,
  downscaleToZeroDelayMs: 600_000,
  controlLoopMs: 100,
};

/** What one decision leaves to the next. */
export interface RayState {
  /** Decisions in a row for the same direction: positive up, negative down. */
  readonly counter: number;
}

/** No decision counts yet. */
export const NEW_RAY: RayState = { counter: 0 };

/** What one turn sees, summed over all replicas and queues. */
export interface RayFacts {
  /** Queued and running, of the whole version. */
  readonly requests: number;
  readonly running: number;
  /** The number that was last asked for. */
  readonly target: number;
}

/** The target from now on. */
export interface RayDecision {
  readonly replicas: number;
  readonly state: RayState;
}

const S = 1000;

/** One turn of the control loop. `desire` replaces the rule for the number before gains, bounds and delays. */
export function decideRay(
  settings: RaySettings,
  state: RayState,
  facts: RayFacts,
  desire: (settings: RaySettings, facts: RayFacts) => number = rawReplicas,
): RayDecision {
  if (facts.running === 0) return { replicas: coldStart(settings, facts), state };
  const scaled = scaledReplicas(settings, desire(settings, facts), facts.running);
  return delayChange(settings, state, boundedReplicas(settings, scaled), facts.target);
}

/** The number for which each replica has its target of requests; not whole. */
export function rawReplicas({ targetOngoingRequests }: RaySettings, { requests, running }: RayFacts): number {
  return running * (requests / (targetOngoingRequests * running));
}

/** Applies the gain to the change from the running replicas, not from the target. */
export function scaledReplicas(
  { upscalingFactor, downscalingFactor }: RaySettings,
  desired: number,
  running: number,
): number {
  const change = desired - running;
  const scaled = Math.ceil(running + (change > 0 ? upscalingFactor : downscalingFactor) * change);
  // Rounding up would keep a small gain from ever removing the last superfluous replica.
  return Math.ceil(desired) < running && scaled === running ? scaled - 1 : scaled;
}

/** The minimum wins over the maximum. */
export function boundedReplicas({ minReplicas, maxReplicas }: RaySettings, replicas: number): number {
  return Math.max(minReplicas, Math.min(maxReplicas, replicas));
}

/** Changes the target only after enough decisions in a row; a single neutral one starts the wait again. */
export function delayChange(
  settings: RaySettings,
  { counter }: RayState,
  desired: number,
  target: number,
): RayDecision {
  if (desired === target) return { replicas: target, state: NEW_RAY };
  if (desired > target) {
    const ups = Math.max(counter, 0) + 1;
    return ups > ticksOf(settings, settings.upscaleDelayMs)
      ? { replicas: desired, state: NEW_RAY }
      : { replicas: target, state: { counter: ups } };
  }
  const isToZero = target === 1;
  const downs = Math.min(counter, 0) - 1;
  const delayMs = isToZero ? settings.downscaleToZeroDelayMs : settings.downscaleDelayMs;
  // Only a single replica may become none, so zero takes two steps.
  return downs < -ticksOf(settings, delayMs)
    ? { replicas: isToZero ? desired : Math.max(1, desired), state: NEW_RAY }
    : { replicas: target, state: { counter: downs } };
}

/** A request without any replica waits for no delay, and Ray applies no bounds here. */
function coldStart({ upscalingFactor }: RaySettings, { requests, target }: RayFacts): number {
  return requests > 0 ? Math.max(Math.ceil(upscalingFactor), target) : target;
}

/** Divides seconds as Ray does, where 0.3 / 0.1 is less than 3. */
function ticksOf({ controlLoopMs }: RaySettings, delayMs: number): number {
  return Math.trunc(delayMs / S / (controlLoopMs / S));
}
