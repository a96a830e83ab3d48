import type { TransformersSettings } from '../../config/transformers-settings.ts';
import type { WantedDevice } from '../../model/device.ts';
import type { Parameters } from '../../model/inference.ts';
import type { ModelCall } from '../../model/model-call.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Signature } from '../../model/signature.ts';
import type { RuntimeKind } from '../../model/version-file.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Options of ONNX Runtime. */
export interface OnnxOptions {
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'all';
  readonly memoryArena: boolean;
  readonly memoryPattern: boolean;
}

/** What a replica loads, and where it runs. */
export interface RuntimeSpec extends WantedDevice {
  readonly runtime: RuntimeKind;
  readonly file: string;
  /** The contents of the file, where they have been read: an ONNX model is loaded from them. */
  readonly bytes?: Uint8Array;
  readonly threads: number;
  /** Set for the runtime transformers. */
  readonly transformers?: TransformersSettings | undefined;
  /** Default: everything on. */
  readonly onnx?: OnnxOptions;
  /** What the model must have; undefined accepts any model. */
  readonly signature?: Signature;
}

/** One batch, apart from its inputs. */
export interface RunCall {
  readonly rows: number;
  readonly parameters: Parameters;
  /** A warmup run or a check: of an answer in parts, one suffices. */
  readonly isPractice: boolean;
  /** The model was not asked as it wants to be: the caller of this row must ask in another way. */
  refuseInput(row: number, message: string): void;
  /** The model cannot answer this row (counted from 0), for the reason given; the other rows are still answered. */
  refuseRow(row: number, message: string): void;
  /** Asks another model of the server; rejects with a CallRefused. */
  ask(call: ModelCall): Promise<readonly Tensor[]>;
}

/** One request that is answered in parts, apart from its inputs. */
export interface PartsCall {
  readonly rows: number;
  readonly parameters: Parameters;
  /** Aborted when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Asks another model of the server; rejects with a CallRefused. */
  ask(call: ModelCall): Promise<readonly Tensor[]>;
}

/** Executes a version inside a replica. */
export interface Runtime {
  readonly metadata: ModelMetadata;
  /** Rows of a batch, counted from 0, that cannot be passed to the model, with the reason. */
  unfitRows?(inputs: readonly Tensor[], rows: number): ReadonlyMap<number, string>;
  /** Inputs and outputs are in the order of the metadata. */
  run(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]>;
  /** The outputs of one request, part by part. */
  runInParts?(inputs: readonly Tensor[], call: PartsCall): AsyncGenerator<Tensor[]>;
  /** Why the model is not healthy, in its own words; undefined when it is. */
  whyUnhealthy?(): Promise<string | undefined>;
  unload(): Promise<void>;
}
