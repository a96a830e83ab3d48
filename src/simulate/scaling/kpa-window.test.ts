import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { averageOf, EMPTY_WINDOW, recordIn, weightedAverageOf } from './kpa-window.ts';

const SETTINGS = { windowMs: 60_000, granularityMs: 1000 };

test('a constant load has itself as its average, also in a window that is not full', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 200 }), (load, seconds) => {
      let window = EMPTY_WINDOW;
      for (let second = 0; second < seconds; second++)
        window = recordIn(SETTINGS, window, load, second * 1000);
      assert.equal(averageOf(SETTINGS, window, (seconds - 1) * 1000), load);
      assert.ok(window.sums.size <= 60);
    }),
  );
});

test('a window of silence empties the average and starts a new partial window', () => {
  const window = recordIn(SETTINGS, EMPTY_WINDOW, 8, 0);
  assert.equal(averageOf(SETTINGS, window, 59_999), 8);
  assert.equal(averageOf(SETTINGS, window, 60_000), 0);
  assert.equal(averageOf(SETTINGS, recordIn(SETTINGS, window, 6, 60_000), 60_000), 6);
});

test('a late value counts in its own step, unless it is a window late', () => {
  let window = recordIn(SETTINGS, EMPTY_WINDOW, 4, 100_000);
  window = recordIn(SETTINGS, window, 2, 99_000);
  window = recordIn(SETTINGS, window, 100, 40_000);
  assert.equal(averageOf(SETTINGS, window, 100_000), 3);
});

test('the weighted average follows a step faster than the plain one', () => {
  let window = EMPTY_WINDOW;
  for (let second = 0; second < 120; second++) {
    window = recordIn(SETTINGS, window, second < 110 ? 0 : 10, second * 1000);
  }
  const plain = averageOf(SETTINGS, window, 119_000);
  const weighted = weightedAverageOf(SETTINGS, window, 119_000);
  assert.ok(plain < 2 && weighted > 8 && weighted <= 10, `${plain}, ${weighted}`);
});
