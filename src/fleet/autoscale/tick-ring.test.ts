import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TickRing } from './tick-ring.ts';

/** Ticks of a quarter of a second over `seconds`, with `rowsAt(second)` rows per second. */
function ringOf(seconds: number, rowsAt: (second: number) => number): TickRing {
  const ring = new TickRing(0);
  for (let tick = 1; tick <= 4 * seconds; tick++) {
    ring.add({ at: 250 * tick, rows: rowsAt(Math.ceil(tick / 4)) / 4, inFlightRows: tick });
  }
  return ring;
}

const near = (got: number, wanted: number) =>
  assert.ok(Math.abs(got - wanted) <= 0.02 * wanted, `${got}, wanted ${wanted}`);

test('a rate is that of its window, and a first request is no rate', () => {
  const ring = ringOf(120, (second) => (second > 119 ? 400 : 100));
  near(ring.rate(120_000, 1_000), 0.4);
  near(ring.rate(120_000, 60_000), 0.105);
  near(ringOf(1, () => 10).rate(1_000, 60_000), 0.001);
});

test('the slope of steady traffic is 0, that of rising traffic its growth', () => {
  assert.equal(ringOf(120, () => 100).slope(120_000), 0);
  near(ringOf(120, (second) => 10 * second).slope(120_000), 10 / 1_000 / 1_000);
});

test('a step is no dispersion, chance is', () => {
  assert.equal(ringOf(60, (second) => (second > 30 ? 900 : 100)).dispersion(60_000), 1);
  assert.ok(ringOf(60, (second) => (second % 2 === 0 ? 300 : 100)).dispersion(60_000) > 100);
});

test('what is in flight is a mean over the window', () => {
  assert.equal(ringOf(10, () => 1).meanInFlight(10_000, 1_000), 38.5);
});
