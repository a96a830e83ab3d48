import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { Margin } from './margin.ts';

const GOAL = { latencyMs: 100, percentile: 99 };
const NOTHING = { late: 0, all: 10, excessMs: 0 };

test('the margin rests where the allowed share of answers is late, whatever makes them late', () => {
  const noises = {
    even: (unit: number) => 60 * unit,
    exponential: (unit: number) => -8 * Math.log(1 - unit),
    'rare stalls': (unit: number) => (unit < 0.97 ? 3 * unit : 40),
  };
  for (const [name, excessOf] of Object.entries(noises)) {
    for (const percentile of [90, 99]) {
      const random = seededRandom(`${name}/${percentile}`);
      const margin = new Margin({ ...GOAL, percentile });
      let [late, all] = [0, 0];
      for (let batch = 0; batch < 60_000; batch++) {
        const excessMs = excessOf(random.unit());
        const isLate = excessMs > margin.ms;
        margin.observe({ late: isLate ? 20 : 0, all: 20, excessMs }, 90);
        if (batch < 20_000) continue;
        all += 1;
        if (isLate) late += 1;
      }
      const allowed = 1 - percentile / 100;
      assert.ok(
        late / all < 1.3 * allowed && late / all > 0.7 * allowed,
        `${name}: ${late / all} of ${allowed}`,
      );
      assert.ok(Math.abs(margin.lateShare - late / all) < 3 * allowed);
    }
  }
});

test('the margin stays between 0 and its limit, whatever it observes', () => {
  const batches = fc.array(
    fc.record({
      all: fc.integer({ min: 0, max: 50 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      excessMs: fc.double({ min: -10, max: 500, noNaN: true }),
      limitMs: fc.double({ min: 0, max: 90, noNaN: true }),
    }),
    { maxLength: 200, size: 'max' },
  );
  fc.assert(
    fc.property(batches, (them) => {
      const margin = new Margin(GOAL);
      for (const { all, share, excessMs, limitMs } of them) {
        const before = margin.ms;
        const late = Math.round(share * all);
        margin.observe({ late, all, excessMs }, limitMs);
        if (all === 0) assert.equal(margin.ms, before);
        else assert.ok(margin.ms >= 0 && margin.ms <= limitMs);
        assert.ok(margin.lateShare >= 0 && margin.lateShare <= 1);
      }
    }),
  );
});

test('a late batch raises it at once; batches in time lower it slowly', () => {
  const margin = new Margin(GOAL);
  const first = margin.ms;
  margin.observe({ ...NOTHING, late: 10 }, 90);
  assert.ok(margin.ms > first + 9);
  margin.observe(NOTHING, 90);
  assert.ok(margin.ms > first + 9);
  for (let batch = 0; batch < 1_000; batch++) margin.observe(NOTHING, 90);
  assert.equal(margin.ms, 0);
});

test('a late batch of few requests weighs as little as they do', () => {
  const raisedBy = (late: number) => {
    const margin = new Margin(GOAL);
    for (let batch = 0; batch < 100; batch++) margin.observe({ late: 0, all: 50, excessMs: 0 }, 90);
    const before = margin.ms;
    margin.observe({ late, all: late, excessMs: 0 }, 90);
    return margin.ms - before;
  };
  assert.ok(raisedBy(1) < 0.05 * raisedBy(50), `${raisedBy(1)} and ${raisedBy(50)}`);
});

test('it is at its limit when too many are late all the same', () => {
  const margin = new Margin(GOAL);
  assert.equal(margin.isAtLimit, false);
  for (let batch = 0; batch < 200; batch++) margin.observe({ ...NOTHING, late: 5 }, 40);
  assert.equal(margin.ms, 40);
  assert.equal(margin.isAtLimit, true);
  for (let batch = 0; batch < 2_000; batch++) margin.observe(NOTHING, 40);
  assert.equal(margin.isAtLimit, false);
});

test('it knows which share of predictions was exceeded by how much', () => {
  const margin = new Margin(GOAL);
  assert.equal(margin.shareWithin(0), 1, 'nothing is known');
  for (let batch = 0; batch < 320; batch++) margin.observe({ ...NOTHING, excessMs: batch % 10 }, 90);
  assert.ok(Math.abs(margin.shareWithin(4) - 0.5) < 0.02);
  assert.deepEqual([margin.shareWithin(-1), margin.shareWithin(9)], [0, 1]);
});
