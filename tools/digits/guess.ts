import { InferenceSession, Tensor } from 'onnxruntime-node';
import { brightnesses, type Digit, imagePixels, labels } from './dataset.ts';

/** The most likely label of each digit according to an ONNX model, in order. */
export async function guess(model: Uint8Array, digits: readonly Digit[]): Promise<readonly number[]> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const pixels = Float32Array.from(digits.flatMap((digit) => Array.from(brightnesses(digit))));
  const { probabilities } = await session.run({
    image: new Tensor('float32', pixels, [digits.length, imagePixels]),
  });
  await session.release();
  const rows = probabilities?.data as Float32Array;
  return digits.map((_, row) => indexOfGreatest(rows.subarray(row * labels, (row + 1) * labels)));
}

function indexOfGreatest(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}
