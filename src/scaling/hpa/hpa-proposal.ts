import type { ReplicaFacts } from './hpa-replicas.ts';

/** The change of load, as a share of the target, that changes nothing. */
export interface Tolerances {
  readonly toleranceUp: number;
  readonly toleranceDown: number;
}

/** The scaled version as one pass finds it. */
export interface Scale {
  /** The number that was last asked for. */
  readonly specReplicas: number;
  /** The number that exists, which lags behind. */
  readonly statusReplicas: number;
  readonly replicas: readonly ReplicaFacts[];
}

/** What one metric says about the number of replicas. */
export type Proposal =
  | {
      readonly kind: 'proposal';
      readonly replicas: number;
      /** As measured, before replicas without a sample were filled in. */
      readonly averageMilli: number;
      readonly utilizationPercent?: number;
    }
  | { readonly kind: 'failure'; readonly reason: string };

/** Both ends are included. Not a number is never within. */
export function isWithin({ toleranceUp, toleranceDown }: Tolerances, ratio: number): boolean {
  return 1 - toleranceDown <= ratio && ratio <= 1 + toleranceUp;
}

/** A metric that says nothing, and why. */
export function failure(reason: string): Proposal {
  return { kind: 'failure', reason };
}
