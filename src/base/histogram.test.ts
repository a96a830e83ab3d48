import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

test('any quantile is within 1.6 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, fraction) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(fraction * values.length)) - 1] as number;
        assert.ok(Math.abs(histogram.quantile(fraction) - exact) <= 0.016 * exact);
      },
    ),
  );
});

test('counts, sums and merges', () => {
  const [one, other] = [new Histogram(), new Histogram()];
  one.record(1);
  one.record(3);
  other.record(100);
  one.merge(other);
  assert.equal(one.count, 3);
  assert.equal(one.sum, 104);
  assert.equal(one.max, 100);
  assert.equal(one.min, 1);
  assert.equal(one.countUpTo(3), 2);
});

test('values outside the range count in the outermost bucket', () => {
  const histogram = new Histogram();
  for (const value of [0, -1, 1e-9, 1e12]) histogram.record(value);
  assert.equal(histogram.count, 4);
  assert.equal(histogram.countUpTo(1e-6), 3);
  assert.equal(histogram.countUpTo(1e11), 4);
});

test('NaN is ignored', () => {
  const histogram = new Histogram();
  for (const value of [1, Number.NaN, 3]) histogram.record(value);
  assert.deepEqual([histogram.count, histogram.sum, histogram.mean], [2, 4, 2]);
});
