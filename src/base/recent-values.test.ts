import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentValues } from './recent-values.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 300, size: 'max' });

test('a quantile covers the last values as of the last sort', () => {
  fc.assert(
    fc.property(
      numbers,
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, capacity, share) => {
        const recent = new RecentValues(capacity);
        values.forEach((value, index) => {
          recent.add(value);
          assert.equal(recent.count, index + 1);
        });
        const found = recent.quantile(share);
        if (values.length < 16) {
          assert.equal(found, undefined);
          return;
        }
        const candidates = Array.from({ length: 16 }, (_, back) => values.length - back).filter(
          (end) => end >= 16,
        );
        const quantileAt = (end: number) => {
          const last = values.slice(Math.max(0, end - capacity), end).sort((a, b) => a - b);
          return last[Math.min(last.length - 1, Math.floor(share * last.length))];
        };
        assert.ok(candidates.some((end) => quantileAt(end) === found));
      },
    ),
  );
});

test('old values are dropped', () => {
  const recent = new RecentValues(32);
  for (let time = 0; time < 64; time++) recent.add(1_000);
  for (let time = 0; time < 48; time++) recent.add(1);
  assert.equal(recent.quantile(1), 1);
});
