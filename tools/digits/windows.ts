/** A square image as one row of numbers in HWC order. */
export interface ImageShape {
  readonly side: number;
  readonly channels: number;
}

/** A square window that slides over the image in steps of `stride` and stays inside it. */
export interface Window {
  readonly side: number;
  readonly stride: number;
}

/** Number of positions of the window along one side of the image. */
export function placesAlong(image: ImageShape, window: Window): number {
  return Math.floor((image.side - window.side) / window.stride) + 1;
}

/**
 * The indices of the numbers in the window, for one position after another. Within a position they are ordered by
 * channel, then by row, like ONNX kernels.
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
