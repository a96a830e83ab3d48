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

const MAX_PIXELS = 50_000_000;

/** Cuts an area out of a picture and turns it upright. Parts outside the picture show its nearest pixels. */
export function cropImage(picture: Picture, area: Box | Corners): Picture {
  const corners = 'left' in area ? cornersOf(area) : area;
  const [a, b, c, d] = corners;
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new RangeError(`cropImage: ${corners.length} corners came, wanted 4`);
  }
  const width = Math.max(1, Math.round(Math.max(distance(a, b), distance(d, c))));
  const height = Math.max(1, Math.round(Math.max(distance(a, d), distance(b, c))));
  // A model may answer NaN, or a corner far away.
  if (!(width * height <= MAX_PIXELS)) {
    throw new RangeError(`cropImage: the area has ${width} x ${height} pixels, wanted at most ${MAX_PIXELS}`);
  }
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5) / height;
    const [left, right] = [between(a, d, v), between(b, c, v)];
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = between(left, right, (x + 0.5) / width);
      sample(picture, fromX - 0.5, fromY - 0.5, data, 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

/** Writes the colour between the four pixels around a place. */
function sample({ width, height, data }: Picture, x: number, y: number, into: Uint8Array, to: number): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, below] = [x - left, y - top];
  const [x0, x1] = [within(left, width), within(left + 1, width)];
  const [y0, y1] = [within(top, height) * width, within(top + 1, height) * width];
  const [a, b, c, d] = [3 * (y0 + x0), 3 * (y0 + x1), 3 * (y1 + x0), 3 * (y1 + x1)];
  for (let channel = 0; channel < 3; channel++) {
    const upper = mix(data[a + channel] as number, data[b + channel] as number, right);
    const lower = mix(data[c + channel] as number, data[d + channel] as number, right);
    into[to + channel] = Math.round(mix(upper, lower, below));
  }
}

function between([ax, ay]: Point, [bx, by]: Point, share: number): Point {
  return [mix(ax, bx, share), mix(ay, by, share)];
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function within(index: number, size: number): number {
  return Math.min(Math.max(index, 0), size - 1);
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
