import type { Random } from '../../../src/base/random.ts';

/** A whole number from `least` to `most`, inclusive. */
export function wholeNumber(random: Random, least: number, most: number): number {
  return least + Math.floor(random.unit() * (most - least + 1));
}

export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random.unit() * list.length)] as T;
}

export function happens(random: Random, probability: number): boolean {
  return random.unit() < probability;
}

/** `count` numbers from -width to width. */
export function spread(random: Random, count: number, width: number): number[] {
  return Array.from({ length: count }, () => (random.unit() * 2 - 1) * width);
}
