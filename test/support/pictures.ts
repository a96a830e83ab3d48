import sharp from 'sharp';
import type { Picture } from '../../src/helpers/image/picture.ts';

export const RED = [255, 0, 0];
export const GREEN = [0, 255, 0];
export const BLUE = [0, 0, 255];
export const WHITE = [255, 255, 255];

/** A picture of the given rows of colours. */
export function pictureOf(rows: readonly (readonly (readonly number[])[])[]): Picture {
  return { width: rows[0]?.length ?? 0, height: rows.length, data: Uint8Array.from(rows.flat(2)) };
}

export function colourAt({ width, data }: Picture, x: number, y: number): number[] {
  return [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

/** Each pixel tells its place: red is its column, green its row. */
export function placesOf(width: number, height: number): Picture {
  const rows = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => [x, y, 7]));
  return pictureOf(rows);
}

/** The picture for the library that encodes. */
export function raw({ width, height, data }: Picture) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Red, green, blue and white. */
export const QUARTERS = pictureOf([
  [RED, GREEN],
  [BLUE, WHITE],
]);
