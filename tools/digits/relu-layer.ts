import { type ChainStep, reluStep } from '../onnx-chain.ts';
import type { Layer } from './layer.ts';
import { Matrix } from './matrix.ts';

/** Passes positive numbers and replaces negative ones by 0. */
export class ReluLayer implements Layer {
  readonly trainables = [];
  #output = new Matrix(0, 0);

  forward(input: Matrix): Matrix {
    const values = input.values.map((value) => Math.max(0, value));
    this.#output = new Matrix(input.rows, input.columns, values);
    return this.#output;
  }

  backward(slopes: Matrix): Matrix {
    const values = slopes.values.map((slope, index) =>
      (this.#output.values[index] as number) > 0 ? slope : 0,
    );
    return new Matrix(slopes.rows, slopes.columns, values);
  }

  toOnnx(): readonly ChainStep[] {
    return [reluStep];
  }
}
