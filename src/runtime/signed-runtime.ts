import type { ModelMetadata } from '../model/model-metadata.ts';
import {
  reshaped,
  type Signature,
  type SignatureTensor,
  signatureProblem,
  withSignature,
} from '../model/signature.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { RunCall, Runtime } from './contract/runtime.ts';

/** Presents a model by its signature: other shapes, fewer outputs. Throws an Error when the model does not have it. */
export class SignedRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #runtime: Runtime;
  readonly #signature: Signature;

  constructor(runtime: Runtime, signature: Signature) {
    const problem = signatureProblem(runtime.metadata, signature);
    if (problem !== undefined) throw new Error(problem);
    this.metadata = withSignature(runtime.metadata, signature);
    this.#runtime = runtime;
    this.#signature = signature;
  }

  unfitRows(inputs: readonly Tensor[], rows: number): ReadonlyMap<number, string> {
    return this.#runtime.unfitRows?.(inputs, rows) ?? new Map();
  }

  async run(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]> {
    const given = inputs.map((input) => converted(input, this.#signature.inputs, 'to the model'));
    const results = await this.#runtime.run(given, call);
    return this.metadata.outputs.map(({ name }) =>
      converted(
        results.find((output) => output.name === name) as Tensor,
        this.#signature.outputs,
        'from the model',
      ),
    );
  }

  async unload(): Promise<void> {
    await this.#runtime.unload();
  }
}

function converted(
  tensor: Tensor,
  signature: readonly SignatureTensor[] | undefined,
  way: 'to the model' | 'from the model',
): Tensor {
  const { shape, modelShape } = signature?.find(({ name }) => name === tensor.name) ?? {};
  if (shape === undefined || modelShape === undefined) return tensor;
  const [from, to] = way === 'to the model' ? [shape, modelShape] : [modelShape, shape];
  return { ...tensor, shape: reshaped(tensor.shape, from, to) };
}
