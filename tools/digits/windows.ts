/** A square image in one row of numbers, pixel after pixel, the channels of a pixel side by side. */
export interface ImageShape {
  readonly side: number;
  readonly channels: number;
}

/** A square that slides over the image in steps of `stride`, never leaving it. */
export interface Window {
  readonly side: number;
  readonly stride: number;
}

/** How many places along one side of the image the window can take. */
export function placesAlong(image: ImageShape, window: Window): number {
  return Math.floor((image.side - window.side) / window.stride) + 1;
}

/**
 * Where in the image the numbers stand that the window shows: place after place; within a place channel after
 * channel, which is the order of ONNX's kernels; within a channel row after row.
 */
export function windowIndices(image: ImageShape, window: Window): Int32Array {
  const places = placesAlong(image, window);
  const indices: number[] = [];
  for (let top = 0; top < places * window.stride; top += window.stride) {
    for (let left = 0; left < places * window.stride; left += window.stride) {
      for (let channel = 0; channel < image.channels; channel++) {
        for (let y = top; y < top + window.side; y++) {
          for (let x = left; x < left + window.side; x++) {
            indices.push((y * image.side + x) * image.channels + channel);
          }
        }
      }
    }
  }
  return Int32Array.from(indices);
}
