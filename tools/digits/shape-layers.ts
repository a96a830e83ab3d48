import { type ChainStep, reshapeStep } from '../onnx-chain.ts';
import type { Layer } from './layer.ts';
import type { ImageShape } from './windows.ts';

/** The exported net must be told that a row of brightnesses is an image of one channel. */
export function imageFromRow(side: number): Layer {
  return onlyInOnnx([reshapeStep([-1, 1, side, side])]);
}

/** Training keeps the channels of a pixel together, ONNX keeps each channel apart: back to the order of training. */
export function rowFromImage({ side, channels }: ImageShape): Layer {
  return onlyInOnnx([
    { opType: 'Transpose', attributes: { perm: { ints: [0, 2, 3, 1] } } },
    reshapeStep([-1, side * side * channels]),
  ]);
}

/** In training an image is a row of numbers anyway, so that these layers have nothing to do there. */
function onlyInOnnx(steps: readonly ChainStep[]): Layer {
  return {
    trainables: [],
    forward: (input) => input,
    backward: (slopes) => slopes,
    toOnnx: () => steps,
  };
}
