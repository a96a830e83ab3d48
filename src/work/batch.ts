import type { InferenceRequest } from '../model/inference.ts';
import type { LaneKey } from './lane.ts';

/** One request's part of a batch. */
export interface Member {
  readonly rows: number;
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
}

/** Rows that run together. */
export interface Batch {
  readonly id: number;
  readonly members: readonly Member[];
  readonly rows: number;
  /** The replica is to tell what memory it takes. */
  readonly isMeasured?: boolean;
  /** Outputs with another number of rows are a fault. */
  readonly isRowwise?: boolean;
}

/** Why a batch left when it did. */
export type BatchReason =
  | 'size'
  | 'timer'
  | 'idle'
  /** It had waited for company for as long as its objective leaves. */
  | 'slack'
  /** Its replica was lost, or answered badly. */
  | 'retry'
  /** A part of a batch that threw. */
  | 'bisect'
  /** A request that may have ended a replica, alone. */
  | 'isolation'
  | 'warmup'
  | 'probe';

/** Whether these are runs of ours, which no caller waits for. */
export function isSynthetic(reason: BatchReason): boolean {
  return reason === 'warmup' || reason === 'probe';
}
