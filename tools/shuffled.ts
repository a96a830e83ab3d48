import type { Random } from '../src/base/random.ts';

/** A copy in random order (Fisher-Yates shuffle). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(random.unit() * (last + 1));
    const item = result[last] as T;
    result[last] = result[chosen] as T;
    result[chosen] = item;
  }
  return result;
}
