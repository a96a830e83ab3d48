import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { type Arrivals, arrivalsOf } from './schedule.ts';

function take(arrivals: Arrivals, count: number): number[] {
  return Array.from({ length: count }, () => {
    const dueMs = arrivals.nextDueMs(0);
    arrivals.take();
    return dueMs;
  });
}

test('a closed loop always has a due request', () => {
  const arrivals = arrivalsOf({ kind: 'closed', concurrency: 4 }, { startMs: 0, rampMs: 0 }, seededRandom(1));
  assert.equal(arrivals.nextDueMs(17), 17);
  arrivals.take();
  assert.equal(arrivals.nextDueMs(18), 18);
});

test('gaps of an open loop have the mean and the deviation of an exponential distribution', () => {
  const schedule = { kind: 'open', ratePerSecond: 200 } as const;
  const instants = take(arrivalsOf(schedule, { startMs: 1000, rampMs: 0 }, seededRandom(7)), 100_000);
  const gaps = instants.map((dueMs, index) => dueMs - (instants[index - 1] ?? 1000));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  assert.ok(Math.abs(mean / 5 - 1) < 0.02, `mean gap ${mean} ms`);
  assert.ok(Math.abs(Math.sqrt(variance) / 5 - 1) < 0.03, `deviation ${Math.sqrt(variance)} ms`);
});

test('in an open loop the due times never decrease, and the same seed gives the same times', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 1e5, noNaN: true }),
      fc.nat(5000),
      fc.nat(5000),
      fc.string(),
      (ratePerSecond, startMs, rampMs, seed) => {
        const begin = () =>
          take(arrivalsOf({ kind: 'open', ratePerSecond }, { startMs, rampMs }, seededRandom(seed)), 200);
        const instants = begin();
        assert.deepEqual(begin(), instants);
        assert.deepEqual(
          [...instants].sort((a, b) => a - b),
          instants,
        );
        assert.ok((instants[0] ?? 0) >= startMs);
      },
    ),
  );
});

test('a ramp leads from 0 to the full rate, and the full rate holds after it', () => {
  const schedule = { kind: 'open', ratePerSecond: 10_000 } as const;
  const instants = take(arrivalsOf(schedule, { startMs: 0, rampMs: 2000 }, seededRandom(3)), 40_000);
  const countBetween = (fromMs: number, untilMs: number) =>
    instants.filter((dueMs) => dueMs >= fromMs && dueMs < untilMs).length;
  const isNear = (count: number, expected: number) => Math.abs(count - expected) < 5 * Math.sqrt(expected);
  assert.ok(isNear(countBetween(0, 1000), 2500));
  assert.ok(isNear(countBetween(1000, 2000), 7500));
  assert.ok(isNear(countBetween(2000, 3000), 10_000));
  assert.ok(isNear(countBetween(3000, 4000), 10_000));
});

test('invalid schedules are refused', () => {
  const random = seededRandom(1);
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => arrivalsOf({ kind: 'closed', concurrency }, { startMs: 0, rampMs: 0 }, random),
      /concurrency is .*, wanted/,
    );
  }
  for (const ratePerSecond of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => arrivalsOf({ kind: 'open', ratePerSecond }, { startMs: 0, rampMs: 0 }, random),
      /ratePerSecond is .*, wanted/,
    );
  }
});
