import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A batch as a simulated replica reads it from its pipe. */
export interface SimulatedBatch {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly rows: number;
  /** Rows of each member, in member order. */
  readonly memberRows: readonly number[];
  readonly inputs: readonly Tensor[];
}

/** The result of a batch. */
export type SimulatedResult =
  | { readonly kind: 'answer'; readonly outputs?: readonly Tensor[] }
  /** Only these members are refused, because of the contents of their outputs. */
  | { readonly kind: 'refuse members'; readonly members: readonly number[] }
  | { readonly kind: 'throw'; readonly message: string }
  /** The process ends during the batch; with `isTold`, by its own code, which sends a notice first. */
  | {
      readonly kind: 'die';
      readonly code: number | null;
      readonly signal: string | null;
      readonly isTold?: true;
    }
  /** The process stops itself during the batch, after a notice. */
  | { readonly kind: 'stop' }
  /** It answers; after the delay an error left behind ends the process, whatever it runs by then. */
  | { readonly kind: 'late error'; readonly afterMs: number }
  /** It never answers. */
  | { readonly kind: 'hang' }
  /** It writes bytes that are not a frame. */
  | { readonly kind: 'garbage' }
  /** The process ends with this share of its answer written. */
  | { readonly kind: 'torn'; readonly share: number }
  /** It answers, and repeats the answer for batches that have ended or never existed. */
  | { readonly kind: 'echo twice' };

/** The result of loading the model. */
export type SimulatedLoad =
  | { readonly kind: 'loaded'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly afterMs: number; readonly message: string }
  | { readonly kind: 'die'; readonly afterMs: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'not started' };

/** The behaviour of simulated replicas. */
export interface SimulatedBehaviour {
  readonly metadata: ModelMetadata;
  /** Batches a replica accepts at once; it runs them one after the other. */
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
