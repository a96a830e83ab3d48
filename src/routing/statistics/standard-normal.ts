import { log } from '../../base/elementary.ts';
import type { Random } from '../../base/random.ts';

/** A normal random number of mean 0 and variance 1, by the polar method of Marsaglia: it needs no sine, only a logarithm. */
export function standardNormal(random: Random): number {
  for (;;) {
    const x = 2 * random.unit() - 1;
    const y = 2 * random.unit() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * log(square)) / square);
  }
}
