import type { Random } from '../../base/random.ts';

/** Draws a time, in ms. */
export type TimeLaw = (random: Random) => number;

/** Lognormal times with this mean and this coefficient of variation. */
export function lognormal(meanMs: number, variation: number): TimeLaw {
  const square = Math.log(1 + variation * variation);
  const [location, scale] = [Math.log(meanMs) - square / 2, Math.sqrt(square)];
  return (random) => {
    const [one, two] = [1 - random.unit(), random.unit()];
    return Math.exp(location + scale * Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * two));
  };
}

/** Exponential times with this mean. */
export function exponential(meanMs: number): TimeLaw {
  return (random) => -Math.log(1 - random.unit()) * meanMs;
}
