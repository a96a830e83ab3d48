import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A batch as a simulated replica reads it from its pipe. */
export interface SimulatedBatch {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly rows: number;
  /** Rows of each member, in their order. */
  readonly memberRows: readonly number[];
  readonly inputs: readonly Tensor[];
}

/** What becomes of a batch. */
export type SimulatedResult =
  | { readonly kind: 'answer'; readonly outputs?: readonly Tensor[] }
  /** Only these members are refused, for what their outputs hold. */
  | { readonly kind: 'refuse members'; readonly members: readonly number[] }
  | { readonly kind: 'throw'; readonly message: string }
  /** It dies in the middle; `isTold` by code of its own that says so before. */
  | {
      readonly kind: 'die';
      readonly code: number | null;
      readonly signal: string | null;
      readonly isTold?: true;
    }
  /** It stops itself in the middle, and says so before. */
  | { readonly kind: 'stop' }
  /** It answers, and so much later an error that it has left behind ends the process, whatever that runs by then. */
  | { readonly kind: 'late error'; readonly afterMs: number }
  /** It never comes back. */
  | { readonly kind: 'hang' }
  /** Bytes that are no frame. */
  | { readonly kind: 'garbage' }
  /** It dies with so much of its answer written, as a share. */
  | { readonly kind: 'torn'; readonly share: number }
  /** It answers, and says so again for batches that are over or never were. */
  | { readonly kind: 'echo twice' };

/** What becomes of loading the model. */
export type SimulatedLoad =
  | { readonly kind: 'loaded'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly afterMs: number; readonly message: string }
  | { readonly kind: 'die'; readonly afterMs: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'not started' };

/** How simulated replicas behave. */
export interface SimulatedBehaviour {
  readonly metadata: ModelMetadata;
  /** Batches a replica takes at once; it runs one after the other. */
  readonly credits: number;
  readonly heartbeatPeriodMs: number;
  load(replica: ReplicaId, incarnation: number): SimulatedLoad;
  serviceMs(batch: SimulatedBatch): number;
  result(batch: SimulatedBatch): SimulatedResult;
  /** Resident memory after so many batches. */
  rssBytes(replica: ReplicaId, batches: number): number;
}

/** Replicas that answer with their inputs and never fail. */
export function wellBehaved(
  it: Pick<SimulatedBehaviour, 'metadata' | 'credits'> & {
    readonly loadMs: number;
    serviceMs(batch: SimulatedBatch): number;
  },
): SimulatedBehaviour {
  return {
    metadata: it.metadata,
    credits: it.credits,
    heartbeatPeriodMs: 1000,
    load: () => ({ kind: 'loaded', afterMs: it.loadMs }),
    serviceMs: (batch) => it.serviceMs(batch),
    result: () => ({ kind: 'answer' }),
    rssBytes: () => 0,
  };
}
