import type { AutoscalingSettings } from '../../config/autoscaling-settings.ts';
import { HpaScaling } from '../../scaling/hpa-scaling.ts';
import { HybridPolicy } from '../../scaling/hybrid-policy.ts';
import type { ScalingPolicy } from '../../scaling/scaling-policy.ts';

/** Makes the policy of a version. */
export type MakeScalingPolicy = (autoscaling: AutoscalingSettings) => ScalingPolicy;

/** The policy of the settings. */
export function makeScalingPolicy(autoscaling: AutoscalingSettings): ScalingPolicy {
  const { scaleOnMemory, targetMemoryPercent } = autoscaling;
  const settings = { ...autoscaling, targetMemoryPercent: scaleOnMemory ? targetMemoryPercent : undefined };
  return autoscaling.algorithm === 'hpa' ? new HpaScaling(settings) : new HybridPolicy(settings);
}
