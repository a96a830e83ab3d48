import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.ts';

const settings = fc.record({
  ratePerSecond: fc.double({ min: 0.1, max: 500, noNaN: true }),
  burst: fc.double({ min: 1, max: 50, noNaN: true }),
});
const gaps = fc.array(fc.double({ min: 0, max: 2_000, noNaN: true }), {
  minLength: 20,
  maxLength: 200,
  size: 'max',
});

test('within any period at most the burst plus the refill of the rate is taken', () => {
  fc.assert(
    fc.property(settings, gaps, (it, them) => {
      const bucket = new TokenBucket(it, 0);
      const taken: number[] = [];
      let now = 0;
      for (const gap of them) {
        now += gap;
        if (bucket.take(now) === 0) taken.push(now);
      }
      for (const [index, from] of taken.entries()) {
        for (let last = index; last < taken.length; last++) {
          const seconds = ((taken[last] as number) - from) / 1_000;
          assert.ok(last - index + 1 <= it.burst + it.ratePerSecond * seconds + 1e-6);
        }
      }
    }),
  );
});

test('a refused caller finds a token after the announced wait, and not sooner', () => {
  fc.assert(
    fc.property(settings, gaps, fc.double({ min: 0, max: 0.99, noNaN: true }), (it, them, share) => {
      const bucket = new TokenBucket(it, 0);
      let now = 0;
      for (const gap of them) {
        now += gap / 20;
        const waitMs = bucket.take(now);
        assert.ok(waitMs >= 0 && waitMs <= 1_000 / it.ratePerSecond + 1e-6);
        if (waitMs < 1e-3) continue;
        assert.ok(bucket.take(now + share * waitMs) > 0, 'too soon');
        now += waitMs + 1e-6;
        assert.equal(bucket.take(now), 0);
      }
    }),
  );
});

test('an idle bucket fills to the burst and no further', () => {
  const bucket = new TokenBucket({ ratePerSecond: 10, burst: 3 }, 0);
  const rush = (now: number) => {
    let taken = 0;
    while (bucket.take(now) === 0) taken += 1;
    return taken;
  };
  assert.deepEqual([rush(0), rush(0), rush(1e9), rush(1e9 + 200)], [3, 0, 3, 2]);
});
