import type { Random } from '../../src/base/random.ts';
import { type ChainStep, denseStep } from '../onnx-chain.ts';
import type { Trainable } from './adam.ts';
import type { Layer } from './layer.ts';
import { Matrix } from './matrix.ts';

/** Each output is a weighted sum of all inputs, plus a bias. */
export class DenseLayer implements Layer {
  readonly weights: Trainable;
  readonly bias: Trainable;
  readonly trainables: readonly Trainable[];
  /** View of `weights` with one row per output. */
  readonly #matrix: Matrix;
  #input = new Matrix(0, 0);

  constructor(inputs: number, outputs: number, random: Random) {
    this.#matrix = new Matrix(outputs, inputs);
    this.weights = { values: this.#matrix.values, gradient: new Float64Array(outputs * inputs) };
    this.bias = { values: new Float64Array(outputs), gradient: new Float64Array(outputs) };
    this.trainables = [this.weights, this.bias];
    // He's rule (https://arxiv.org/abs/1502.01852) keeps the scale of signals from one Relu layer to the next.
    const bound = Math.sqrt(6 / inputs);
    for (let index = 0; index < this.#matrix.values.length; index++) {
      this.#matrix.values[index] = (2 * random.unit() - 1) * bound;
    }
  }

  forward(input: Matrix): Matrix {
    this.#input = input;
    const output = input.timesTransposed(this.#matrix);
    output.addToEachRow(this.bias.values);
    return output;
  }

  backward(slopes: Matrix): Matrix {
    this.weights.gradient = slopes.transposed().timesTransposed(this.#input.transposed()).values;
    this.bias.gradient = slopes.sumOfRows();
    return slopes.timesTransposed(this.#matrix.transposed());
  }

  toOnnx(): readonly ChainStep[] {
    const { rows: outputs, columns: inputs } = this.#matrix;
    return [
      denseStep(
        { shape: [outputs, inputs], values: Float32Array.from(this.weights.values) },
        { shape: [outputs], values: Float32Array.from(this.bias.values) },
      ),
    ];
  }
}
