import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/random.ts';
import { evidenceOfExcess, isExcessive, largestShare } from './share-test.ts';

const ALPHA = 0.01;

const limits = fc.double({ min: 0.0001, max: 0.95, noNaN: true });
const observed = fc
  .tuple(fc.nat(2_000), fc.nat(2_000))
  .map(([hits, misses]) => ({ hits, count: hits + misses }));

/** Observations until the excess is found; undefined if it is not within `most`. */
function foundAfter(limit: number, share: number, most: number, seed: string): number | undefined {
  const random = seededRandom(seed);
  let hits = 0;
  for (let count = 1; count <= most; count++) {
    const isHit = random.unit() < share;
    if (isHit) hits += 1;
    // Only a hit raises the evidence, so looks after misses find nothing: see the property below.
    if (isHit && isExcessive(hits, count, limit, ALPHA)) return count;
  }
  return undefined;
}

test('evidence rises with each hit and falls with each miss', () => {
  fc.assert(
    fc.property(limits, observed, (limit, { hits, count }) => {
      const evidence = evidenceOfExcess(hits, count, limit);
      assert.ok(evidenceOfExcess(Math.min(hits + 1, count), count, limit) >= evidence * (1 - 1e-9));
      assert.ok(evidenceOfExcess(hits + 1, count + 1, limit) >= evidence * (1 - 1e-9));
      assert.ok(evidenceOfExcess(hits, count + 1, limit) <= evidence * (1 + 1e-9));
    }),
  );
});

test('at the limit, evidence is expected to stay as it is; at a smaller share, to fall', () => {
  fc.assert(
    fc.property(
      limits,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(30),
      fc.nat(100),
      (limit, part, hits, misses) => {
        const count = hits + misses;
        const now = evidenceOfExcess(hits, count, limit);
        const nextAt = (share: number) =>
          share * evidenceOfExcess(hits + 1, count + 1, limit) +
          (1 - share) * evidenceOfExcess(hits, count + 1, limit);
        assert.ok(Math.abs(nextAt(limit) / now - 1) < 1e-9, `${nextAt(limit)}, wanted ${now}`);
        assert.ok(nextAt(part * limit) <= now * (1 + 1e-9));
      },
    ),
  );
  assert.equal(evidenceOfExcess(0, 0, 0.1), 1);
});

for (const limit of [0.01, 0.05]) {
  test(`at most 1 % of false alarms at a share of ${limit}, with a look after each of 3000 observations`, () => {
    const runs = 2_000;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      if (foundAfter(limit, limit, 3_000, `calm ${run}`) !== undefined) alarms += 1;
    }
    const noise = 3 * Math.sqrt(runs * ALPHA * (1 - ALPHA));
    assert.ok(alarms <= runs * ALPHA + noise, `${alarms} of ${runs}`);
    assert.ok(alarms > 0, 'it can be wrong');
  });
}

for (const [limit, share, meanAtMost] of [
  [0.01, 0.03, 600],
  [0.02, 0.05, 480],
  [0.05, 0.1, 380],
  [0.01, 1, 2],
] as const) {
  test(`a share of ${share} above a limit of ${limit} is found after ${meanAtMost} observations, in the mean`, () => {
    const runs = 400;
    let sum = 0;
    for (let run = 0; run < runs; run++) {
      sum += foundAfter(limit, share, 100_000, `excess ${run}`) ?? Number.POSITIVE_INFINITY;
    }
    assert.ok(sum / runs <= meanAtMost, `${sum / runs}`);
  });
}

test('where everything is a hit, a few observations are enough', () => {
  for (const [limit, count] of [
    [0.001, 1],
    [0.01, 2],
    [0.1, 3],
    [0.2, 4],
  ] as const) {
    assert.ok(isExcessive(count, count, limit, ALPHA), `${limit}`);
    assert.ok(!isExcessive(count - 1, count - 1, limit, ALPHA), `${limit}`);
  }
});

test('a limit of 0 allows one hit among many observations', () => {
  assert.ok(isExcessive(1, 600, 0, ALPHA));
  assert.ok(!isExcessive(1, 800, 0, ALPHA));
  assert.ok(isExcessive(2, 20_000, 0, ALPHA));
  assert.ok(!isExcessive(0, 1, 0, ALPHA));
});

test('a limit of 1 is never exceeded', () => {
  assert.equal(evidenceOfExcess(50, 50, 1), 0);
  assert.ok(!isExcessive(1_000_000, 1_000_000, 1, ALPHA));
});

test('millions of observations give finite evidence', () => {
  const evidence = evidenceOfExcess(5e7, 1e8, 0.01);
  assert.ok(evidence > 1e300 && Number.isFinite(evidence), `${evidence}`);
  assert.ok(evidenceOfExcess(5e7, 1e8, 0.9) < 1e-300);
  assert.ok(isExcessive(5e7, 1e8, 0.01, Number.MIN_VALUE));
});

test('the largest share is above the seen one, and comes near it with many observations', () => {
  fc.assert(
    fc.property(observed, ({ hits, count }) => {
      const bound = largestShare(hits, count, ALPHA);
      assert.ok(bound <= 1 && (count === 0 || bound >= hits / count), `${bound}`);
    }),
  );
  assert.equal(largestShare(0, 0, ALPHA), 1);
  const near = largestShare(10_000, 100_000, ALPHA);
  assert.ok(near > 0.1 && near < 0.105, `${near}`);
});

for (const share of [0.01, 0.3]) {
  test(`a share of ${share} is above its bound at any of several looks in at most 1 % of runs`, () => {
    const runs = 1_000;
    let above = 0;
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(`bound ${run}`);
      let hits = 0;
      let isAbove = false;
      for (let count = 1; count <= 1_000; count++) {
        if (random.unit() < share) hits += 1;
        if ([10, 30, 100, 300, 1_000].includes(count)) isAbove ||= largestShare(hits, count, ALPHA) < share;
      }
      if (isAbove) above += 1;
    }
    assert.ok(above <= runs * ALPHA + 3 * Math.sqrt(runs * ALPHA), `${above}`);
  });
}
