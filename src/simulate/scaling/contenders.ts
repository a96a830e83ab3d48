import { HpaScaling } from '../../scaling/hpa-scaling.ts';
import type { ScalingDecision, ScalingFacts, ScalingPolicy } from '../../scaling/scaling-policy.ts';
import { decideKpa, KPA_DEFAULTS, type KpaState, startKpa } from './kpa-policy.ts';
import { decideRay, NEW_RAY, RAY_DEFAULTS, type RaySettings, type RayState } from './ray-policy.ts';

/** Bounds that all contenders share. */
export interface ContenderBounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Rows that a replica works on at a time. */
  readonly rowsPerReplica: number;
}

/** Makes a policy of another system, with its own defaults apart from the bounds. */
type Contender = (bounds: ContenderBounds) => ScalingPolicy;

/** Share of the rows that a replica works on at a time that the policies aim at. */
const TARGET_SHARE = 0.7;

/** The policies that Galley's are compared with, by the name on the command line. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  static: ({ maxReplicas }) => new FixedNumber(maxReplicas),
  'static-min': ({ minReplicas }) => new FixedNumber(minReplicas),
  hpa: (bounds) => new HpaScaling({ ...hpa(bounds), targetCpuPercent: 70 }),
  'hpa-in-flight': (bounds) =>
    new HpaScaling({ ...hpa(bounds), targetInFlightRows: TARGET_SHARE * bounds.rowsPerReplica }),
  kpa: (bounds) => new KpaScaling(bounds, 0),
  'kpa-120': (bounds) => new KpaScaling(bounds, 120_000),
  ray: (bounds) => new RayScaling(bounds, {}),
  'ray-tuned': (bounds) =>
    new RayScaling(bounds, {
      targetOngoingRequests: TARGET_SHARE * bounds.rowsPerReplica,
      ...{ upscaleDelayMs: 5_000, downscaleDelayMs: 300_000 },
    }),
};

function hpa({ minReplicas, maxReplicas }: ContenderBounds) {
  return {
    ...{ minReplicas, maxReplicas, downWindowMs: 300_000, behavior: undefined },
    ...{ targetCpuPercent: undefined, targetMemoryPercent: undefined },
  };
}

function told(replicas: number): ScalingDecision {
  return { replicas, winner: { signal: 'in flight', replicas, because: '' }, proposals: [], limit: '' };
}

class FixedNumber implements ScalingPolicy {
  readonly #decision: ScalingDecision;

  constructor(replicas: number) {
    this.#decision = told(replicas);
  }

  decide(): ScalingDecision {
    return this.#decision;
  }
}

/** The mean of what was seen in the last `windowMs`, tick by tick. */
class WindowMean {
  readonly #windowMs: number;
  #seen: { readonly at: number; readonly value: number }[] = [];
  #sum = 0;
  #first = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(at: number, value: number): number {
    this.#seen.push({ at, value });
    this.#sum += value;
    while ((this.#seen[this.#first]?.at ?? at) <= at - this.#windowMs) {
      this.#sum -= this.#seen[this.#first]?.value ?? 0;
      this.#first += 1;
    }
    if (this.#first > 1_000) {
      this.#seen = this.#seen.slice(this.#first);
      this.#first = 0;
    }
    return Math.max(0, this.#sum) / (this.#seen.length - this.#first);
  }
}

/** Knative's autoscaler on the requests in flight. */
class KpaScaling implements ScalingPolicy {
  readonly #bounds: ContenderBounds;
  readonly #delayMs: number;
  readonly #stable = new WindowMean(KPA_DEFAULTS.stableWindowMs);
  readonly #panic = new WindowMean(KPA_DEFAULTS.stableWindowMs / 10);
  #state: KpaState | undefined;
  #dueAt = Number.NEGATIVE_INFINITY;
  #wanted = 0;

  constructor(bounds: ContenderBounds, delayMs: number) {
    this.#bounds = bounds;
    this.#delayMs = delayMs;
  }

  decide({ now, ready, inFlightRowsNow }: ScalingFacts): ScalingDecision {
    const stable = this.#stable.add(now, inFlightRowsNow);
    const panic = this.#panic.add(now, inFlightRowsNow);
    if (now >= this.#dueAt) {
      this.#dueAt = now + KPA_DEFAULTS.tickMs;
      const { rowsPerReplica } = this.#bounds;
      const settings = {
        ...{ ...KPA_DEFAULTS, scaleDownDelayMs: this.#delayMs },
        ...{ targetValue: TARGET_SHARE * rowsPerReplica, totalValue: rowsPerReplica },
      };
      const facts = { readyReplicas: ready, stable, panic };
      const { replicas, state } = decideKpa(settings, this.#state ?? startKpa(ready, now), facts, now);
      this.#state = state;
      this.#wanted = replicas;
    }
    const { minReplicas, maxReplicas } = this.#bounds;
    return told(Math.min(Math.max(this.#wanted, minReplicas), maxReplicas));
  }
}

/** Ray Serve's autoscaler. Its loop runs as often as ours. */
class RayScaling implements ScalingPolicy {
  readonly #settings: RaySettings;
  readonly #requests = new WindowMean(30_000);
  #state: RayState = NEW_RAY;
  #lastAt: number | undefined;

  constructor({ minReplicas, maxReplicas }: ContenderBounds, settings: Partial<RaySettings>) {
    this.#settings = { ...RAY_DEFAULTS, minReplicas, maxReplicas, ...settings };
  }

  decide({ now, ready, coming, inFlightRowsNow }: ScalingFacts): ScalingDecision {
    const requests = this.#requests.add(now, inFlightRowsNow);
    const controlLoopMs = this.#lastAt === undefined ? this.#settings.controlLoopMs : now - this.#lastAt;
    this.#lastAt = now;
    const target = ready + coming;
    const settings = { ...this.#settings, controlLoopMs };
    const { replicas, state } = decideRay(settings, this.#state, { requests, running: ready, target });
    this.#state = state;
    return told(replicas);
  }
}
