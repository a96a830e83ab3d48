import type { Random } from '../../src/base/random.ts';
import { type ChainStep, convolutionStep } from '../onnx-chain.ts';
import type { Trainable } from './adam.ts';
import { DenseLayer } from './dense-layer.ts';
import type { Layer } from './layer.ts';
import { Matrix } from './matrix.ts';
import { type ImageShape, placesAlong, type Window, windowIndices } from './windows.ts';

/** A dense layer that is applied to every patch of the image. */
export class ConvolutionLayer implements Layer {
  readonly outputShape: ImageShape;
  readonly trainables: readonly Trainable[];
  readonly #inputShape: ImageShape;
  readonly #window: Window;
  readonly #dense: DenseLayer;
  readonly #patchIndices: Int32Array;

  constructor(inputShape: ImageShape, window: Window, outputChannels: number, random: Random) {
    this.outputShape = { side: placesAlong(inputShape, window), channels: outputChannels };
    this.#inputShape = inputShape;
    this.#window = window;
    this.#dense = new DenseLayer(inputShape.channels * window.side ** 2, outputChannels, random);
    this.#patchIndices = windowIndices(inputShape, window);
    this.trainables = this.#dense.trainables;
  }

  forward(input: Matrix): Matrix {
    const patches = new Matrix(input.rows, this.#patchIndices.length);
    for (let row = 0; row < input.rows; row++) {
      const from = row * input.columns;
      const to = row * patches.columns;
      for (let index = 0; index < patches.columns; index++) {
        patches.values[to + index] = input.values[from + (this.#patchIndices[index] as number)] as number;
      }
    }
    const places = this.outputShape.side ** 2;
    return this.#dense.forward(patches.withRows(input.rows * places)).withRows(input.rows);
  }

  backward(slopes: Matrix): Matrix {
    const places = this.outputShape.side ** 2;
    const patchSlopes = this.#dense.backward(slopes.withRows(slopes.rows * places)).withRows(slopes.rows);
    const inputSlopes = new Matrix(slopes.rows, this.#inputShape.side ** 2 * this.#inputShape.channels);
    for (let row = 0; row < slopes.rows; row++) {
      const from = row * patchSlopes.columns;
      const to = row * inputSlopes.columns;
      for (let index = 0; index < patchSlopes.columns; index++) {
        const target = to + (this.#patchIndices[index] as number);
        const slope = patchSlopes.values[from + index] as number;
        inputSlopes.values[target] = (inputSlopes.values[target] as number) + slope;
      }
    }
    return inputSlopes;
  }

  toOnnx(): readonly ChainStep[] {
    const { weights, bias } = this.#dense;
    const { side, stride } = this.#window;
    const shape = [this.outputShape.channels, this.#inputShape.channels, side, side];
    return [
      convolutionStep(
        { shape, values: Float32Array.from(weights.values) },
        { shape: [this.outputShape.channels], values: Float32Array.from(bias.values) },
        { stride, padding: 0 },
      ),
    ];
  }
}
