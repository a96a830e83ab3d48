import type { Parameters } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What a replica is to load. */
export interface RuntimeSpec {
  readonly runtime: 'onnx' | 'module';
  readonly file: string;
  readonly threads: number;
  readonly device: string;
}

/** One batch, apart from its inputs. */
export interface RunCall {
  readonly rows: number;
  readonly parameters: Parameters;
  /** The model cannot answer this row (counted from 0), and says why; the others are answered all the same. */
  refuseRow(row: number, message: string): void;
}

/** What executes a version inside a replica. */
export interface Runtime {
  readonly metadata: ModelMetadata;
  /** Rows of a batch, counted from 0, that cannot be handed to the model as they are, and why. */
  unfitRows?(inputs: readonly Tensor[], rows: number): ReadonlyMap<number, string>;
  /** Takes inputs and gives outputs in the order of the metadata. */
  run(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]>;
  unload(): Promise<void>;
}
