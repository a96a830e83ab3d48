/** Trainable numbers and the gradient of the loss by each of them. */
export interface Trainable {
  readonly values: Float64Array;
  gradient: Float64Array;
}

interface Moments {
  readonly trainable: Trainable;
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

const meanDecay = 0.9;
const squareDecay = 0.999;
const leastDeviation = 1e-8;

/** Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980): each number has its own step size. */
export class Adam {
  readonly #moments: readonly Moments[];
  #steps = 0;

  constructor(trainables: readonly Trainable[]) {
    this.#moments = trainables.map((trainable) => ({
      trainable,
      mean: new Float64Array(trainable.values.length),
      square: new Float64Array(trainable.values.length),
    }));
  }

  step(learningRate: number): void {
    this.#steps += 1;
    // Corrects the bias of the moments, which start at 0.
    const meanWeight = 1 - meanDecay ** this.#steps;
    const squareWeight = 1 - squareDecay ** this.#steps;
    for (const { trainable, mean, square } of this.#moments) {
      const { values, gradient } = trainable;
      for (let index = 0; index < values.length; index++) {
        const slope = gradient[index] as number;
        const newMean = meanDecay * (mean[index] as number) + (1 - meanDecay) * slope;
        const newSquare = squareDecay * (square[index] as number) + (1 - squareDecay) * slope * slope;
        mean[index] = newMean;
        square[index] = newSquare;
        const deviation = Math.sqrt(newSquare / squareWeight) + leastDeviation;
        values[index] = (values[index] as number) - (learningRate * (newMean / meanWeight)) / deviation;
      }
    }
  }
}
