import type { LatencyFacts } from './slowness.ts';

/** What may ask for replicas. */
export type Signal =
  | 'objective'
  | 'utilization'
  | 'queue'
  | 'in flight'
  | 'cpu'
  | 'memory'
  | 'trend'
  | 'minimum'
  | 'standing'
  | 'activation'
  | 'override';

/** The number of replicas that one signal asks for, and the numbers behind it, as a text without a subject. */
export interface Proposal {
  readonly signal: Signal;
  readonly replicas: number;
  readonly because: string;
}

/** What a scaling policy knows of one version. Rates are in rows per ms, times in ms. */
export interface ScalingFacts {
  readonly now: number;
  /** The number of replicas that it should have now. */
  readonly wanted: number;
  /** Replicas that serve, that are on their way, and that finish their work. */
  readonly ready: number;
  readonly coming: number;
  readonly draining: number;
  readonly arrivals: ArrivalFacts;
  readonly service: ServiceFacts;
  readonly queuedRows: number;
  readonly oldestWaitMs: number;
  /** Rows that wait or run. */
  readonly inFlightRows: number;
  /** The same at this moment; the other is a mean of half a minute. */
  readonly inFlightRowsNow: number;
  readonly replicas: readonly ReplicaUseFacts[];
  /** Time from the start of a replica to its readiness that one start in ten exceeds. */
  readonly startMs: number;
  readonly latency: LatencyFacts;
}

/** One replica, in any state. */
export interface ReplicaUseFacts {
  readonly id: string;
  /** It takes callers' work. */
  readonly isReady: boolean;
  /** It finishes its work and ends. */
  readonly isEnding: boolean;
  /** Since when it is in its state. */
  readonly since: number;
  /** CPU time divided by the time of its threads, over the last half minute; undefined until it is known. */
  readonly cpuShare: number | undefined;
  /** Memory divided by its limit; undefined without a limit. */
  readonly memoryShare: number | undefined;
}

/** How rows arrive. */
export interface ArrivalFacts {
  /** Rate over the last minute. A window that reaches before the first tick counts what there is. */
  readonly rate60s: number;
  /** Rates over shorter windows. */
  readonly recent: readonly { readonly windowMs: number; readonly rate: number }[];
  /** Variance of the rows of a second divided by their mean; 1 for a Poisson process. */
  readonly dispersion: number;
  /** Growth of the rate over the last minute, in rows per ms and ms. */
  readonly slope: number;
}

/** What rows cost. undefined where nothing has run yet. */
export interface ServiceFacts {
  /** Time of a replica that a row takes, at the present size of batches. */
  readonly rowMs: number | undefined;
  /** The same at the best size that the objective and the limits allow. */
  readonly bestRowMs: number | undefined;
  /** That size, in rows. */
  readonly bestRows: number;
  /** Squared coefficient of variation of the time of a batch. */
  readonly variation: number;
  /** What the objective leaves for waiting; undefined without one. */
  readonly waitBudgetMs: number | undefined;
}

/** A number of replicas, and what led to it. */
export interface ScalingDecision {
  /** Wanted replicas, before limits of the machine. */
  readonly replicas: number;
  /** The signal that decided. */
  readonly winner: Proposal;
  /** Every proposal of this tick. */
  readonly proposals: readonly Proposal[];
  /** What kept the number from following the largest proposal; empty when nothing did. */
  readonly limit: string;
}

/** Decides how many replicas a version should have. It keeps what it has to remember between ticks. */
export interface ScalingPolicy {
  decide(facts: ScalingFacts): ScalingDecision;
  /** When one of `present` replicas may go, if the traffic stays as it is; undefined when none is too many. */
  nextDownAt?(present: number): number | undefined;
}
