import type { Random } from '../../src/base/random.ts';
import { shuffled } from '../shuffled.ts';
import { Adam } from './adam.ts';
import { augmented } from './augment.ts';
import { type Digit, imagePixels } from './dataset.ts';
import type { Layer } from './layer.ts';
import { Matrix } from './matrix.ts';

export interface TrainingPlan {
  /** How often each digit is used, with a new augmentation each time. */
  readonly epochs: number;
  readonly batchSize: number;
  /** Decreases to 0 along half a cosine. */
  readonly firstLearningRate: number;
}

export function train(
  layers: readonly Layer[],
  digits: readonly Digit[],
  { epochs, batchSize, firstLearningRate }: TrainingPlan,
  random: Random,
): void {
  const adam = new Adam(layers.flatMap((layer) => layer.trainables));
  const batchesAnEpoch = Math.ceil(digits.length / batchSize);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(digits, random);
    for (let batch = 0; batch < batchesAnEpoch; batch++) {
      learn(layers, order.slice(batch * batchSize, (batch + 1) * batchSize), random);
      const progress = (epoch + batch / batchesAnEpoch) / epochs;
      adam.step((firstLearningRate * (1 + Math.cos(Math.PI * progress))) / 2);
    }
  }
}

/** Sets the gradient of the batch in every trainable. */
function learn(layers: readonly Layer[], digits: readonly Digit[], random: Random): void {
  const input = new Matrix(digits.length, imagePixels);
  for (const [row, { pixels }] of digits.entries()) {
    input.values.set(augmented(pixels, random), row * imagePixels);
  }
  const scores = layers.reduce((signal, layer) => layer.forward(signal), input);
  layers.reduceRight((slopes, layer) => layer.backward(slopes), slopesOfLoss(scores, digits));
}

/** The loss is the mean cross-entropy; its gradient is the softmax minus the true distribution. */
function slopesOfLoss(scores: Matrix, digits: readonly Digit[]): Matrix {
  const slopes = new Matrix(scores.rows, scores.columns);
  for (const [row, { label }] of digits.entries()) {
    const start = row * scores.columns;
    const probabilities = softmax(scores.values.subarray(start, start + scores.columns));
    for (const [column, probability] of probabilities.entries()) {
      slopes.values[start + column] = (probability - (column === label ? 1 : 0)) / scores.rows;
    }
  }
  return slopes;
}

function softmax(scores: Float64Array): Float64Array {
  const greatest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
