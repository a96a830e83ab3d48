import type { Random } from '../../src/base/random.ts';
import { imagePixels, imageSide } from './dataset.ts';

const mostTurned = 0.2; // radians
const mostSheared = 0.15;
const mostScaled = 0.12;
const mostShifted = 1; // pixels; MNIST digits are centered
const center = (imageSide - 1) / 2;

/** A variant of the digit that is slightly rotated, sheared, scaled and shifted. */
export function augmented(pixels: Uint8Array, random: Random): Float64Array {
  const upTo = (most: number) => (2 * random.unit() - 1) * most;
  const turn = upTo(mostTurned);
  const shear = upTo(mostSheared);
  const scaleX = 1 + upTo(mostScaled);
  const scaleY = 1 + upTo(mostScaled);
  const shiftX = upTo(mostShifted);
  const shiftY = upTo(mostShifted);
  const cosine = Math.cos(turn);
  const sine = Math.sin(turn);

  const result = new Float64Array(imagePixels);
  for (let y = 0; y < imageSide; y++) {
    for (let x = 0; x < imageSide; x++) {
      const fromY = (y - center) * scaleY + shiftY;
      const fromX = (x - center) * scaleX + shiftX + shear * fromY;
      const brightness = brightnessBetween(
        pixels,
        center + cosine * fromX - sine * fromY,
        center + sine * fromX + cosine * fromY,
      );
      result[y * imageSide + x] = brightness / 255;
    }
  }
  return result;
}

/** Bilinear interpolation of the four pixels around the point. */
function brightnessBetween(pixels: Uint8Array, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = x - left;
  const down = y - top;
  return (
    (1 - down) *
      ((1 - right) * brightnessAt(pixels, left, top) + right * brightnessAt(pixels, left + 1, top)) +
    down *
      ((1 - right) * brightnessAt(pixels, left, top + 1) + right * brightnessAt(pixels, left + 1, top + 1))
  );
}

function brightnessAt(pixels: Uint8Array, x: number, y: number): number {
  const isInside = x >= 0 && x < imageSide && y >= 0 && y < imageSide;
  return isInside ? (pixels[y * imageSide + x] as number) : 0;
}
