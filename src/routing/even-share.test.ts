import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvenShare } from './even-share.ts';

function picks(share: number, length: number): boolean[] {
  const even = new EvenShare(share);
  return Array.from({ length }, () => even.next());
}

test('a quarter is every fourth one', () => {
  assert.deepEqual(picks(0.25, 8), [false, false, false, true, false, false, false, true]);
});

test('a share of 1 is everything, one of 0 nothing', () => {
  assert.ok(picks(1, 100).every((isPicked) => isPicked));
  assert.ok(!picks(0, 100).includes(true));
});

test('at no time is the count more than one away from the share', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
      let count = 0;
      for (const [index, isPicked] of picks(share, 1_000).entries()) {
        if (isPicked) count += 1;
        const wanted = (index + 1) * share;
        assert.ok(Math.abs(count - wanted) <= 1 + 1e-9, `${count} of ${index + 1}, wanted ${wanted}`);
      }
    }),
  );
});
