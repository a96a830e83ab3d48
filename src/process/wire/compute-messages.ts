import type { FiniteCheck } from '../../config/outputs-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';

/** Most models are ONNX: with this flag a process that has nothing to do yet brings that runtime up. */
export const EXPECT_ONNX = '--expect-onnx';

/** Files that a model consisted of when it was first loaded. Their bytes travel behind the order. */
export interface KeptFiles {
  /** Stands for their contents. */
  readonly artefact: string;
  /** The model's own first; paths as seen from its folder. */
  readonly files: readonly { readonly path: string; readonly byteLength: number }[];
}

/** What a replica process is told to load, once. */
export interface LoadOrder {
  readonly runtime: 'onnx' | 'module';
  readonly file: string;
  readonly threads: number;
  /** What must compute it. */
  readonly device: string;
  readonly finite: FiniteCheck;
  readonly heartbeatPeriodMs: number;
  /** Larger answers to one request are refused before they leave the replica. */
  readonly maxAnswerBytes: number;
  /** Longer texts of errors are cut. */
  readonly maxErrorCharacters: number;
  /** To be loaded where the file holds something else by now. */
  readonly kept?: KeptFiles;
}

/** A batch on its way from the pipe to the model. */
export interface RunOrder {
  readonly kind: 'run';
  readonly incarnation: number;
  readonly batch: number;
  readonly meta: Uint8Array;
  readonly payload: Uint8Array;
  /** Those of its RUN frame. */
  readonly flags: number;
}

/** From the main thread of a replica to its compute thread. */
export type ToCompute =
  | {
      readonly kind: 'load';
      readonly order: LoadOrder;
      readonly keptBytes: Uint8Array;
      readonly incarnation: number;
    }
  | RunOrder
  | { readonly kind: 'cancel'; readonly batch: number; readonly member: number }
  | { readonly kind: 'unload' };

/** From the compute thread to the main thread. */
export type FromCompute =
  | { readonly kind: 'loaded'; readonly metadata: ModelMetadata }
  | { readonly kind: 'load failed'; readonly message: string }
  | { readonly kind: 'frames'; readonly pieces: Uint8Array[]; readonly isBatchEnd: boolean }
  | { readonly kind: 'unloaded' };
