import type { Reason } from '../../base/errors.ts';
import type { RolledOut } from '../../fleet/catalog/rollout.ts';
import type { ReplicaMoved } from '../../fleet/lifecycle/replica-slot.ts';
import type { Probed } from '../../fleet/monitor/prober.ts';
import type { ReplicaAction } from '../../fleet/version/operate.ts';
import type { VersionState } from '../../fleet/version/version-state.ts';
import type { ScalingFacts, Signal } from '../../scaling/scaling-policy.ts';
import type { Recovered } from '../../serving/recovery/losses.ts';
import type { BatchReason } from '../../work/batch.ts';

/** A state change of one process of a replica. */
type ProcessMoved = Omit<ReplicaMoved, 'replica'>;

/** What each kind of decision carries: the numbers that led to it. Sizes are in bytes, times in ms. */
export interface FactsByKind {
  readonly replica: ProcessMoved;
  /** A process ended, or its replica has failed. */
  readonly restart: ProcessMoved;
  readonly ejection: { readonly causes: string; readonly reason: string; readonly replicas: number };
  readonly probe: {
    readonly result: Probed['result'];
    readonly detail: string;
    readonly misses: number;
    readonly isDown: boolean;
  };
  /** A replica will reach its memory limit within the hour at its present growth. */
  readonly memory: { readonly bytes: number; readonly limitBytes: number; readonly inMs: number };
  readonly recovery: { readonly how: Recovered['how']; readonly requests: number; readonly detail: string };
  readonly quarantine: { readonly request: string; readonly rows: number; readonly detail: string };
  /** An error of the model's code, outside a call, ended a replica. */
  readonly 'late error': { readonly incarnation: number; readonly error: string; readonly stack: string };
  readonly refusal: {
    readonly reason: Reason;
    readonly request: string;
    readonly waitedMs: number;
    readonly why: string;
  };
  readonly batch: {
    readonly batch: number;
    readonly rows: number;
    readonly requests: number;
    readonly reason: BatchReason;
    /** Rows that still wait. */
    readonly rowsLeft: number;
  };
  readonly model: { readonly state: VersionState; readonly reason: string };
  readonly alert: {
    readonly alert: string;
    readonly status: 'firing' | 'resolved';
    readonly severity: string;
    readonly summary: string;
  };
  readonly admin: { readonly action: ReplicaAction };
  /** How a route handled a call. The model is the route. */
  readonly route: {
    readonly request: string;
    /** Number of the rule; 0 for `otherwise`. */
    readonly rule: number;
    /** The variant that a split has drawn; empty without one. */
    readonly variant: string;
    readonly isSticky: boolean;
    readonly attempts: readonly {
      readonly target: string;
      readonly result: string;
      readonly reason: Reason | undefined;
      readonly ms: number;
    }[];
    /** Empty when the call was refused. */
    readonly servedBy: string;
  };
  /** A canary or an experiment of a route changed its shares, or was concluded. */
  readonly traffic: {
    readonly subject: string;
    readonly action: string;
    /** The share of a canary, in percent; null for an experiment. */
    readonly share: number | null;
    /** The variant that gets all traffic; empty when there is none. */
    readonly winner: string;
    readonly because: string;
  };
  /** A version begins to load, takes the place of another, or is served no more. */
  readonly rollout: {
    readonly step: 'began' | 'switched' | RolledOut['kind'] | 'removed';
    /** The version whose place it takes; null where it takes none. */
    readonly replaces: string | null;
    /** Why it is not served; empty when it is. */
    readonly reason: string;
  };
  /** The number of replicas was changed. */
  readonly scaling: {
    readonly from: number;
    readonly to: number;
    /** The signal that decided, and why. */
    readonly signal: Signal;
    readonly because: string;
    /** What every signal asked for, as texts. */
    readonly proposals: readonly string[];
    /** What kept the number from following the largest proposal; empty when nothing did. */
    readonly limit: string;
    /** The signals as numbers; null where an operator has set the number. */
    readonly facts: ScalingFacts | null;
  };
}

export type DecisionKind = keyof FactsByKind;

/** A decision of one kind, and where it was made. `replica` is empty where it concerns none. */
interface DecisionOf<K extends DecisionKind> {
  /** Counts all decisions of a server. */
  readonly id: number;
  /** Monotonic, in ms. */
  readonly at: number;
  readonly kind: K;
  readonly model: string;
  readonly version: string;
  readonly replica: string;
  readonly facts: FactsByKind[K];
}

/** A decision, with the numbers that led to it. */
export type Decision = { readonly [K in DecisionKind]: DecisionOf<K> }[DecisionKind];

/** A decision before the log has numbered it. */
export type NewDecision = { readonly [K in DecisionKind]: Omit<DecisionOf<K>, 'id'> }[DecisionKind];

/** Frequent kinds: they must not push rare decisions out of the log. */
export const FREQUENT: ReadonlySet<DecisionKind> = new Set(['batch', 'refusal', 'route'] as const);
