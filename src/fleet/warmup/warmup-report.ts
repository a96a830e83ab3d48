import type { ReplicaId } from '../../replica/replica.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import type { RowIndependence } from '../../warmup/row-independence.ts';
import type { Member } from '../../work/batch.ts';
import type { Golden } from '../monitor/golden.ts';
import type { WarmupInputs } from './warmup-inputs.ts';

/** Warmup results of one batch size. Latencies are times in the runtime. */
export interface SizeReport {
  readonly batchSize: number;
  readonly runs: number;
  readonly firstMs: number;
  readonly stableMs: number;
  /** Relative difference of the medians of the last two windows; null before there were two. */
  readonly drift: number | null;
  readonly isStable: boolean;
}

/** Warmup results of one replica. */
export interface WarmupReport {
  readonly replica: ReplicaId;
  readonly sizes: readonly SizeReport[];
  readonly totalMs: number;
  readonly isStable: boolean;
  /** Whether rows may share batches; null when another replica has already found out. */
  readonly rows: RowIndependence | null;
  /** Why warmup was skipped; null when it ran. */
  readonly skipped: string | null;
}

export type WarmupResult =
  | {
      readonly kind: 'warm';
      readonly report: WarmupReport;
      /** The largest batch that was run. */
      readonly largest: number;
      /** Service times of warm batches. */
      readonly profile: readonly ProfiledSize[];
    }
  | { readonly kind: 'failed'; readonly message: string };

/** Bounds of warmup. */
export interface WarmupLimits {
  readonly maxBatchSize: number;
  /** Whether the settings name `maxBatchSize`; otherwise sizes grow only as far as time and memory allow. */
  readonly isOwnSize: boolean;
  /** Sizes above the first one that takes longer than this are not run. Infinity runs all sizes. */
  readonly limitMs: number;
  readonly softLimitBytes: number | undefined;
}

/** A replica to warm up. */
export interface WarmupTarget extends WarmupLimits {
  readonly id: ReplicaId;
  readonly inputs: WarmupInputs;
  /** Known row independence; undefined when it must be tested. */
  readonly rows: RowIndependence | undefined;
  /** Called with the rows that the model accepts. */
  readonly onInput: (rows: readonly Member[]) => void;
  readonly golden: () => Golden | undefined;
  /** `full` runs every power of two; `short` runs only 1 and the largest, after another replica has run them all. */
  readonly profile: 'full' | 'short';
}
