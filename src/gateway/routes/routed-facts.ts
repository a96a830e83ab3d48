import type { Reason } from '../../base/errors.ts';
import type { FailureCause } from '../../routing/fallback.ts';

/** One attempt of a call through a route. */
export interface AttemptFacts {
  /** A target such as `digits/2`, or `cached` or `answer`. */
  readonly target: string;
  readonly result: 'answered' | 'cancelled' | 'refused' | FailureCause;
  /** The reason of its refusal; undefined when it was not refused. */
  readonly reason: Reason | undefined;
  /** Time of the attempt, in ms. */
  readonly ms: number;
}

/** How a route has handled a call. */
export interface RoutedFacts {
  readonly route: string;
  readonly request: string;
  /** Number of the rule from 1; 0 for `otherwise`. */
  readonly rule: number;
  /** The variant that a split has drawn; empty without a split. */
  readonly variant: string;
  /** Whether the variant follows from a key of the request. */
  readonly isSticky: boolean;
  readonly attempts: readonly AttemptFacts[];
  /** What answered; empty when the call was refused. */
  readonly servedBy: string;
}
