import type { ChainStep } from '../onnx-chain.ts';
import type { Trainable } from './adam.ts';
import type { Matrix } from './matrix.ts';

/** One step of a net, in training and in the exported model. Rows are examples; an image is one row. */
export interface Layer {
  readonly trainables: readonly Trainable[];
  /** Remembers what `backward` will need. */
  forward(input: Matrix): Matrix;
  /**
   * Given how the loss grows with each number that `forward` returned: sets the gradients of the trainables,
   * returns how the loss grows with each number of the input.
   */
  backward(slopes: Matrix): Matrix;
  toOnnx(): readonly ChainStep[];
}
