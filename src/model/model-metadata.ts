import type { Datatype } from '../tensor/datatype.ts';

/** What a model takes or gives under one name. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** Outermost axis first; -1 stands for any size. */
  readonly shape: readonly number[];
}

/** What a version says of itself once it is loaded. */
export interface ModelMetadata {
  /** What executes it, as the protocol names platforms: `onnxruntime_onnx` or `galley_module`. */
  readonly platform: string;
  /** What computes it, as far as the runtime can tell; undefined is the processor. */
  readonly device?: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Whether the model reads request parameters: then only requests with equal ones share a batch. */
  readonly readsParameters: boolean;
}

/** Rows can be stacked only where every input and output leaves its first axis open. */
export function hasBatchAxis(metadata: ModelMetadata): boolean {
  const tensors = [...metadata.inputs, ...metadata.outputs];
  return metadata.inputs.length > 0 && tensors.every((tensor) => tensor.shape[0] === -1);
}
