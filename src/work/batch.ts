import type { InferenceRequest } from '../model/inference.ts';

/** One request's part of a batch. */
export interface Member {
  readonly rows: number;
  readonly request: InferenceRequest;
}

/** Rows that run together. */
export interface Batch {
  readonly id: number;
  readonly members: readonly Member[];
  readonly rows: number;
}

/** Why a batch left when it did. */
export type BatchReason = 'size' | 'timer' | 'idle' | 'retry' | 'warmup';
