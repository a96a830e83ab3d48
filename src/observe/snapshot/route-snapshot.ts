import type { Histogram } from '../../base/histogram.ts';

/** A route at one moment, as plain data but for the histograms. */
export interface RouteSnapshot {
  readonly name: string;
  /** Requests by rule: a number from 1, or `otherwise`. */
  readonly rules: readonly { readonly rule: string; readonly requests: number }[];
  readonly targets: readonly {
    readonly target: string;
    readonly answered: number;
    /** Failed attempts by cause. */
    readonly failed: Readonly<Record<string, number>>;
    readonly latency: Histogram;
  }[];
  /** Answers that no target gave. */
  readonly answeredOtherwise: Readonly<Record<string, number>>;
  /** Steps to the next of the chain, by the target that failed and the cause. */
  readonly fallbacks: readonly { readonly target: string; readonly cause: string; readonly count: number }[];
  /** Second attempts by result. */
  readonly hedges: Readonly<Record<string, number>>;
  /** Copies by target and result. */
  readonly copies: readonly {
    readonly purpose: string;
    readonly target: string;
    readonly results: Readonly<Record<string, number>>;
    readonly lastDifference: string;
  }[];
  /** The present shares of splits, from 0 to 1. */
  readonly shares: readonly { readonly rule: string; readonly target: string; readonly share: number }[];
  readonly canary: object | null;
  readonly experiment: {
    readonly variants: readonly { readonly variant: string; readonly count: number; readonly mean: number }[];
    readonly pending: number;
  } | null;
}
