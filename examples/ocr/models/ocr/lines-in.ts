import type { Corners } from 'galley/image';

/** A pixel belongs to a line from this chance on; a line has this mean chance. */
const PIXEL_CHANCE = 0.3;
const LINE_CHANCE = 0.6;
/** The model marks the core of a line, which grows by this share of its area over its circumference. */
const GROWTH = 1.5;
const SMALLEST = 3;

/** The areas of lines of text in a map of chances, from top to bottom. */
export function linesIn(map: Float32Array, width: number): Corners[] {
  const isFree = map.map((chance) => (chance >= PIXEL_CHANCE ? 1 : 0));
  return [...isFree.keys()].flatMap((start) => {
    const pixels = isFree[start] === 1 ? [start] : [];
    isFree[start] = 0;
    for (const at of pixels) {
      const beside = [at - 1, at + 1].filter((next) => Math.floor(next / width) === Math.floor(at / width));
      for (const next of [at - width, at + width, ...beside]) {
        if (isFree[next] !== 1) continue;
        isFree[next] = 0;
        pixels.push(next);
      }
    }
    const isLine = mean(pixels.map((at) => map[at] ?? 0)) >= LINE_CHANCE;
    return isLine ? areaAround(pixels, width) : [];
  });
}

/** The rectangle around pixels, along their main axis if they form a long line. */
function areaAround(pixels: readonly number[], width: number): Corners[] {
  const [cx, cy] = [mean(pixels.map((at) => at % width)), mean(pixels.map((at) => Math.floor(at / width)))];
  const points = pixels.map((at) => ({ x: (at % width) - cx, y: Math.floor(at / width) - cy }));
  const [xx, yy] = [mean(points.map(({ x }) => x * x)), mean(points.map(({ y }) => y * y))];
  const xy = mean(points.map(({ x, y }) => x * y));
  const angle = xx > 4 * yy ? Math.atan2(2 * xy, xx - yy) / 2 : 0;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [left, right] = boundsOf(points.map(({ x, y }) => x * cos + y * sin));
  const [top, bottom] = boundsOf(points.map(({ x, y }) => y * cos - x * sin));
  const [length, height] = [right - left, bottom - top];
  if (Math.min(length, height) < SMALLEST) return [];
  const grown = (length * height * GROWTH) / (2 * (length + height));
  const corner = (u: number, v: number) =>
    [cx + 0.5 + u * cos - v * sin, cy + 0.5 + u * sin + v * cos] as const;
  const [a, b, c, d] = [left - grown, top - grown, right + grown, bottom + grown];
  return [[corner(a, b), corner(c, b), corner(c, d), corner(a, d)]];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function boundsOf(values: readonly number[]): [number, number] {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  return [least - 0.5, values.reduce((a, b) => Math.max(a, b), -Infinity) + 0.5];
}
