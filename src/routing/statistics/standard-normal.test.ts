import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { standardNormal } from './standard-normal.ts';

test('mean, variance, fourth moment and tails are those of the normal distribution', () => {
  const random = seededRandom('normal');
  const draws = Array.from({ length: 100_000 }, () => standardNormal(random));
  const meanOf = (of: (draw: number) => number) =>
    draws.reduce((sum, draw) => sum + of(draw), 0) / draws.length;
  for (const [what, got, wanted, within] of [
    ['mean', meanOf((x) => x), 0, 0.012],
    ['variance', meanOf((x) => x * x), 1, 0.015],
    ['fourth moment', meanOf((x) => x ** 4), 3, 0.12],
    ['above 1.96', meanOf((x) => Number(x > 1.959964)), 0.025, 0.002],
    ['below -1.96', meanOf((x) => Number(x < -1.959964)), 0.025, 0.002],
  ] as const) {
    assert.ok(Math.abs(got - wanted) < within, `${what} ${got}, wanted ${wanted}`);
  }
});
