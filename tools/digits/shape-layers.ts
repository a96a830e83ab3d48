import { type ChainStep, reshapeStep } from '../onnx-chain.ts';
import type { Layer } from './layer.ts';
import type { ImageShape } from './windows.ts';

/** Declares in the exported net that a row of numbers is an image of one channel. */
export function imageFromRow(side: number): Layer {
  return onlyInOnnx([reshapeStep([-1, 1, side, side])]);
}

/** Converts from the channel order of ONNX (CHW) to that of the training (HWC). */
export function rowFromImage({ side, channels }: ImageShape): Layer {
  return onlyInOnnx([
    { opType: 'Transpose', attributes: { perm: { ints: [0, 2, 3, 1] } } },
    reshapeStep([-1, side * side * channels]),
  ]);
}

/** In training an image is always a row of numbers, so these layers do nothing there. */
function onlyInOnnx(steps: readonly ChainStep[]): Layer {
  return {
    trainables: [],
    forward: (input) => input,
    backward: (slopes) => slopes,
    toOnnx: () => steps,
  };
}
