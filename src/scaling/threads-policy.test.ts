import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseThreads } from './threads-policy.ts';

const SCALES_BADLY = [
  { threads: 1, rate: 1, oneRowMs: 40 },
  { threads: 2, rate: 1.6, oneRowMs: 22 },
  { threads: 4, rate: 2.4, oneRowMs: 12 },
];

for (const [why, measured, latencyMs, threads] of [
  ['without an objective, the most rows per thread', SCALES_BADLY, undefined, 1],
  ['with one that a single thread keeps, the same', SCALES_BADLY, 100, 1],
  ['with a shorter one, the fewest threads that keep it', SCALES_BADLY, 50, 2],
  ['with one that none keeps, the fastest', SCALES_BADLY, 10, 4],
  [
    'equal rows per thread: the fewest threads',
    [
      { threads: 1, rate: 1, oneRowMs: 4 },
      { threads: 2, rate: 2.01, oneRowMs: 2 },
    ],
    undefined,
    1,
  ],
  [
    'more rows per thread, as where a copy does not fit in the cache',
    [
      { threads: 1, rate: 1, oneRowMs: 4 },
      { threads: 2, rate: 2.5, oneRowMs: 2 },
    ],
    undefined,
    2,
  ],
] as const) {
  test(why, () => {
    assert.equal(chooseThreads(measured, latencyMs), threads);
  });
}
