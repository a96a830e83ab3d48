import { type Behavior, policyLimit } from './hpa-behavior.ts';
import type { ScaleEvents } from './hpa-events.ts';

/** What decided the number of replicas in the end; the words are those of Kubernetes' conditions. */
export type LimitReason =
  | 'DesiredWithinRange'
  | 'TooFewReplicas'
  | 'TooManyReplicas'
  | 'ScaleUpLimit'
  | 'ScaleDownLimit';

/** Both ends are allowed. */
export interface Bounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** Without behavior: how far one pass may go up. */
export interface StepUp {
  /** Multiplies the current number. */
  readonly factor: number;
  /** Always allowed, so that few replicas can grow at all. */
  readonly minimum: number;
}

/** Where the replicas are and where they are to go. */
export interface Move {
  readonly current: number;
  readonly wanted: number;
}

/** The number after the limits, and the limit that decided. */
export interface Limited {
  readonly replicas: number;
  readonly reason: LimitReason;
}

/** Without behavior: the step up and the bounds. */
export function limitStep(
  { factor, minimum }: StepUp,
  { minReplicas, maxReplicas }: Bounds,
  { current, wanted }: Move,
): Limited {
  const step = Math.max(factor * current, minimum);
  if (wanted < minReplicas) return { replicas: minReplicas, reason: 'TooFewReplicas' };
  if (wanted <= Math.min(maxReplicas, step)) return { replicas: wanted, reason: 'DesiredWithinRange' };
  return maxReplicas > step
    ? { replicas: step, reason: 'ScaleUpLimit' }
    : { replicas: maxReplicas, reason: 'TooManyReplicas' };
}

/** With behavior: the policies of the direction and the bounds. */
export function limitRate(
  { scaleUp, scaleDown }: Behavior,
  { minReplicas, maxReplicas }: Bounds,
  { current, wanted, events }: Move & { readonly events: ScaleEvents },
  now: number,
): Limited {
  if (wanted > current) {
    // Earlier changes may have used up the period; that never turns the direction round.
    const limit = Math.max(policyLimit('up', scaleUp, { current, events }, now), current);
    if (wanted > Math.min(limit, maxReplicas)) {
      return maxReplicas > limit
        ? { replicas: limit, reason: 'ScaleUpLimit' }
        : { replicas: maxReplicas, reason: 'TooManyReplicas' };
    }
  }
  if (wanted < current) {
    const limit = Math.min(policyLimit('down', scaleDown, { current, events }, now), current);
    if (wanted < Math.max(limit, minReplicas)) {
      return minReplicas < limit
        ? { replicas: limit, reason: 'ScaleDownLimit' }
        : { replicas: minReplicas, reason: 'TooFewReplicas' };
    }
  }
  return { replicas: wanted, reason: 'DesiredWithinRange' };
}
