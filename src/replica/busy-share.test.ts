import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BusyShare } from './busy-share.ts';

test('the share stays between 0 and 1 for any changes', () => {
  const changes = fc.array(
    fc.record({
      afterMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
      all: fc.integer({ min: 0, max: 5 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 50, size: 'max' },
  );
  fc.assert(
    fc.property(changes, (them) => {
      const busy = new BusyShare();
      let now = 0;
      for (const { afterMs, all, share } of them) {
        now += afterMs;
        const before = busy.at(now);
        busy.changed(now, Math.round(share * all), all);
        assert.ok(Math.abs(busy.at(now) - before) < 1e-9, 'it jumps');
        assert.ok(before >= -1e-9 && before <= 1 + 1e-9, `${before}`);
      }
    }),
  );
});

test('the share approaches a constant load, by two thirds within a second', () => {
  const busy = new BusyShare();
  busy.changed(1_000, 3, 4);
  assert.ok(Math.abs(busy.at(2_000) - 0.75 * (1 - Math.exp(-1))) < 1e-6);
  assert.ok(Math.abs(busy.at(60_000) - 0.75) < 1e-6);
  busy.changed(60_000, 0, 4);
  assert.ok(busy.at(62_000) < 0.11);
  busy.changed(62_000, 0, 0);
  assert.ok(busy.at(70_000) < 0.001);
});

test('replicas that are busy half of the time give a share of a half for any period', () => {
  for (const turnMs of [1, 10, 100]) {
    const busy = new BusyShare();
    let now = 0;
    for (; now < 20_000; now += turnMs) busy.changed(now, (now / turnMs) % 2, 1);
    assert.ok(Math.abs(busy.at(now) - 0.5) < 0.03, `${turnMs}: ${busy.at(now)}`);
  }
});
