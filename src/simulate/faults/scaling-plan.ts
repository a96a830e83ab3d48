import type { Random } from '../../base/random.ts';

/** Autoscaling, and what operators do to it. */
export interface PlannedScaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** What the machine has, at one thread a replica. */
  readonly cores: number;
  readonly overrides: readonly { readonly atMs: number; readonly replicas: number; readonly forMs: number }[];
}

/** A plan with a fixed number of replicas. */
interface FixedPlan {
  readonly replicas: number;
  readonly settings: object;
}

interface ScaledPlan {
  readonly settings: object;
  readonly scaling: PlannedScaling;
}

/** Share of the other plans in which the number of replicas follows the traffic. */
export const SCALING_SHARE = 0.25;

/** The same plan with autoscaling up to its number of replicas, on a machine that may be too small for them. */
export function withScaling<Plan extends FixedPlan>(
  plan: Plan,
  lastsMs: number,
  random: Random,
): Plan & ScaledPlan {
  const between = (low: number, high: number) => low + Math.floor(random.unit() * (high - low + 1));
  const { replicas: maxReplicas, settings } = plan;
  const minReplicas = between(0, Math.min(2, maxReplicas));
  const autoscaling = {
    ...{ minReplicas, maxReplicas, algorithm: random.unit() < 0.8 ? 'hybrid' : 'hpa' },
    ...{ downWindowMs: between(0, 4_000), downEveryMs: between(0, 1_000), idleMs: between(0, 3_000) },
    activationReplicas: between(1, maxReplicas),
  };
  const overrides = Array.from({ length: between(0, 2) }, () => ({
    ...{ atMs: between(0, lastsMs), replicas: between(0, maxReplicas + 1), forMs: between(100, 8_000) },
  }));
  const scaling = { minReplicas, maxReplicas, cores: between(1, maxReplicas), overrides };
  return { ...plan, settings: { ...settings, replicas: 1, autoscaling }, scaling };
}
