import type { ChainStep } from '../onnx-chain.ts';
import type { Trainable } from './adam.ts';
import type { Matrix } from './matrix.ts';

/** A layer of a net, in training and in the exported model. Each row is an example; an image is one row. */
export interface Layer {
  readonly trainables: readonly Trainable[];
  /** Keeps the values that `backward` needs. */
  forward(input: Matrix): Matrix;
  /**
   * Takes the gradient of the loss by the output of `forward`; sets the gradients of the trainables and returns the
   * gradient by the input.
   */
  backward(slopes: Matrix): Matrix;
  toOnnx(): readonly ChainStep[];
}
