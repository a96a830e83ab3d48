import type { ReplicaId } from '../../replica/replica.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import type { RowIndependence } from '../../warmup/row-independence.ts';
import type { Member } from '../../work/batch.ts';
import type { Golden } from '../monitor/golden.ts';
import type { WarmupInputs } from './warmup-inputs.ts';

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
  /** Whether rows may share batches; null where this replica was not asked, since another one has told. */
  readonly rows: RowIndependence | null;
  /** Why there was no practice, if there was none. */
  readonly skipped: string | null;
}

export type WarmupResult =
  | {
      readonly kind: 'warm';
      readonly report: WarmupReport;
      /** The largest batch that was run. */
      readonly largest: number;
      /** What batches took once they were warm. */
      readonly profile: readonly ProfiledSize[];
    }
  | { readonly kind: 'failed'; readonly message: string };

/** How far warmup goes. */
export interface WarmupLimits {
  readonly maxBatchSize: number;
  /** The settings name that size; else sizes grow only as far as time and memory allow. */
  readonly isOwnSize: boolean;
  /** Sizes that take longer than this are of no use; those above are not run. Infinity runs them all. */
  readonly limitMs: number;
  readonly softLimitBytes: number | undefined;
}

/** A replica that is to be warmed up. */
export interface WarmupTarget extends WarmupLimits {
  readonly id: ReplicaId;
  readonly inputs: WarmupInputs;
  /** What is known of its rows already; undefined is to be found out. */
  readonly rows: RowIndependence | undefined;
  /** The model takes these rows. */
  readonly onInput: (rows: readonly Member[]) => void;
  readonly golden: () => Golden | undefined;
  /** `full` tries every power of two; `short` only 1 and the largest, when another replica has tried them all. */
  readonly profile: 'full' | 'short';
}
