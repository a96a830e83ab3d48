import type { ReplicaId } from '../replica/replica.ts';
import type { ProfiledSize } from '../replica/service-time.ts';
import type { Member } from '../work/batch.ts';
import type { Golden } from './golden.ts';

/** What practice with one batch size came to. Latencies are times in the runtime. */
export interface SizeReport {
  readonly batchSize: number;
  readonly runs: number;
  readonly firstMs: number;
  readonly stableMs: number;
  /** Share by which the medians of the last two windows differ; null before there were two. */
  readonly drift: number | null;
  readonly isStable: boolean;
}

/** What a replica's practice came to. */
export interface WarmupReport {
  readonly replica: ReplicaId;
  readonly sizes: readonly SizeReport[];
  readonly totalMs: number;
  readonly isStable: boolean;
  /** Whether a row alone gives the same answer as among neighbours; null where that was not or could not be told. */
  readonly rowsAreIndependent: boolean | null;
  /** Why there was no practice, if there was none. */
  readonly skipped: string | null;
}

export type WarmupResult =
  | {
      readonly kind: 'warm';
      readonly report: WarmupReport;
      /** What batches took once they were warm. */
      readonly profile: readonly ProfiledSize[];
    }
  | { readonly kind: 'failed'; readonly message: string };

/** How far practice goes. */
export interface PracticeLimits {
  readonly maxBatchSize: number;
  /** Sizes that take longer than this are of no use; those above are not run. Infinity runs them all. */
  readonly limitMs: number;
}

/** A replica that is to practise. */
export interface WarmupTarget extends PracticeLimits {
  readonly id: ReplicaId;
  /** Two different rows are enough to see whether neighbours matter, however large the batch. */
  readonly rows: readonly [Member, Member];
  /** The sizes of the rows were guessed: the model may refuse them. */
  readonly isGuessed: boolean;
  readonly golden: Golden;
  /** `full` runs every power of two; `short` only 1 and the largest, when another replica has run them all. */
  readonly profile: 'full' | 'short';
}
