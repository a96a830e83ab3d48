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
  /** The replica must report the memory of this batch. */
  readonly isMeasured?: boolean;
  /** It is a readiness check, which a model that can tell whether it is healthy may fail. */
  readonly isCheck?: boolean;
  /** Outputs with another number of rows than the inputs are an error. */
  readonly isRowwise?: boolean;
}

/** Why a batch was sent. */
export type BatchReason =
  | 'size'
  | 'timer'
  | 'idle'
  /** Its request waited for as long as the objective allows. */
  | 'slack'
  /** Its replica was lost, or its answer was bad. */
  | 'retry'
  /** Part of a batch that threw. */
  | 'bisect'
  /** A request that may have ended a replica, alone. */
  | 'isolation'
  | 'warmup'
  | 'probe';

/** Whether these are runs of the server itself, without a caller. */
export function isSynthetic(reason: BatchReason): boolean {
  return reason === 'warmup' || reason === 'probe';
}
