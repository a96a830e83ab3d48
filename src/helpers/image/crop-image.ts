import type { Picture } from './picture.ts';

/** A rectangle in pixels, from the left and top edges. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A point in pixels; (0, 0) is the left upper corner of the left upper pixel. */
export type Point = readonly [x: number, y: number];

/** The four corners of an area that may be rotated: left upper, right upper, right lower, left lower, as its text is read. */
export type Corners = readonly Point[];

/** Cuts an area out of a picture and turns it upright. Parts outside the picture show its nearest pixels. */
export function cropImage(picture: Picture, area: Box | Corners): Picture {
  const corners = 'left' in area ? cornersOf(area) : area;
  const [a, b, c, d] = corners;
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new RangeError(`cropImage: ${corners.length} corners came, wanted 4`);
  }
  const width = Math.max(1, Math.round(Math.max(distance(a, b), distance(d, c))));
  const height = Math.max(1, Math.round(Math.max(distance(a, d), distance(b, c))));
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5) / height;
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5) / width;
      const at = (axis: 0 | 1) =>
        (1 - v) * ((1 - u) * a[axis] + u * b[axis]) + v * ((1 - u) * d[axis] + u * c[axis]);
      sample(picture, at(0) - 0.5, at(1) - 0.5, data, 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

/** Writes the colour between the four pixels around a place. */
function sample({ width, height, data }: Picture, x: number, y: number, into: Uint8Array, at: number): void {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const columnOf = (step: number) => Math.min(Math.max(column + step, 0), width - 1);
  const rowOf = (step: number) => Math.min(Math.max(row + step, 0), height - 1) * width;
  const [right, below] = [x - column, y - row];
  for (let channel = 0; channel < 3; channel++) {
    const pixel = (dx: number, dy: number) => data[3 * (rowOf(dy) + columnOf(dx)) + channel] as number;
    const upper = pixel(0, 0) * (1 - right) + pixel(1, 0) * right;
    const lower = pixel(0, 1) * (1 - right) + pixel(1, 1) * right;
    into[at + channel] = Math.round(upper * (1 - below) + lower * below);
  }
}

function cornersOf({ left, top, width, height }: Box): Corners {
  const [right, bottom] = [left + width, top + height];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(ax - bx, ay - by);
}
