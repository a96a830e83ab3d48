import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tone } from '../../../test/support/tones.ts';
import { resample } from './resample.ts';

/** The largest difference in the middle, where the ends of a sound have no influence. */
function largestDifference(left: Float32Array, right: Float32Array): number {
  const [start, end] = [left.length >> 2, left.length - (left.length >> 2)];
  let largest = 0;
  for (let at = start; at < end; at++) {
    largest = Math.max(largest, Math.abs((left[at] ?? 0) - (right[at] ?? 0)));
  }
  return largest;
}

for (const [from, to] of [
  [44_100, 16_000],
  [48_000, 16_000],
  [8_000, 16_000],
  [16_000, 44_100],
  [16_000, 15_999],
] as const) {
  test(`resample: a tone of 440 Hz at ${from} is that tone at ${to}`, () => {
    const converted = resample(tone(440, from), from, to);
    assert.equal(converted.length, Math.ceil(Math.round(from / 10) * (to / from)));
    assert.ok(largestDifference(converted, tone(440, to)) < 2e-4);
  });
}

test('resample removes a tone that the new rate cannot hold', () => {
  const silenced = resample(tone(12_000, 48_000), 48_000, 16_000);
  assert.ok(largestDifference(silenced, new Float32Array(silenced.length)) < 1e-3);
});

test('resample keeps the length in time, and refuses rates that mean nothing', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 4000, max: 48_000 }), (length, rate) => {
      const { length: after } = resample(new Float32Array(length), rate, 16_000);
      assert.ok(Math.abs(after / 16_000 - length / rate) <= 1 / 16_000);
    }),
  );
  assert.throws(
    () => resample(new Float32Array(1), 0, 16_000),
    /'from' is 0, wanted samples per second above 0/,
  );
});
