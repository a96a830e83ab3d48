import type { OnnxSettings } from '../../config/onnx-settings.ts';
import type { FiniteCheck } from '../../config/outputs-settings.ts';
import type { TransformersSettings } from '../../config/transformers-settings.ts';
import type { WantedDevice } from '../../model/device.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Signature } from '../../model/signature.ts';
import type { RuntimeKind } from '../../model/version-file.ts';

/** Makes an idle process load the ONNX runtime in advance, because most models are ONNX. */
export const EXPECT_ONNX = '--expect-onnx';

/** The files of a model when it was first loaded. Their bytes follow the order. */
export interface KeptFiles {
  /** Digest of their contents. */
  readonly artefact: string;
  /** Paths relative to the model's directory; the model's own file comes first. */
  readonly files: readonly { readonly path: string; readonly byteLength: number }[];
}

/** What a replica process loads, once. */
export interface LoadOrder extends WantedDevice {
  readonly runtime: RuntimeKind;
  readonly file: string;
  /** The folder of the version, if it has one of its own. */
  readonly folder?: string;
  /** The lock file with which the files of the version are compared before it is loaded. */
  readonly lock?: string;
  readonly threads: number;
  /** Set for the runtime transformers. */
  readonly transformers?: TransformersSettings | undefined;
  /** Default: everything on. */
  readonly onnx?: OnnxSettings;
  /** What the model must have; undefined accepts any model. */
  readonly signature?: Signature;
  readonly finite: FiniteCheck;
  readonly heartbeatPeriodMs: number;
  /** Larger answers to one request are refused in the replica. */
  readonly maxAnswerBytes: number;
  /** Longer error texts are cut. */
  readonly maxErrorCharacters: number;
  /** Loaded instead when the file has changed. */
  readonly kept?: KeptFiles;
}

/** A batch on its way from the pipe to the model. */
export interface RunOrder {
  readonly kind: 'run';
  readonly incarnation: number;
  readonly batch: number;
  readonly meta: Uint8Array;
  readonly payload: Uint8Array;
  /** Flags of its RUN frame. */
  readonly flags: number;
}

/** The answer to a call of the model. */
export interface ReplyMessage {
  readonly kind: 'reply';
  readonly call: number;
  readonly flags: number;
  readonly meta: Uint8Array;
  readonly payload: Uint8Array;
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
  | { readonly kind: 'next'; readonly batch: number; readonly member: number }
  | ReplyMessage
  | { readonly kind: 'unload' };

/** Counters in memory that the two threads of a replica share. */
export const SHARED = {
  /** Grows with every message to the compute thread, which may wait for that. */
  messages: 0,
  /** Batches that have ended. */
  batches: 1,
} as const;

/** From the compute thread to the main thread. */
export type FromCompute =
  | { readonly kind: 'loaded'; readonly metadata: ModelMetadata; readonly isDirect: boolean }
  | { readonly kind: 'load failed'; readonly message: string }
  | { readonly kind: 'frames'; readonly pieces: Uint8Array[] }
  | { readonly kind: 'unloaded' };
