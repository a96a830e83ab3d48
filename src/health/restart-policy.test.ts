import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideRestart, isGoodLife } from './restart-policy.ts';

test('a life was good when it was ready for a minute or answered a hundred batches', () => {
  assert.equal(isGoodLife({ readyForMs: 60_000, batches: 0 }), true);
  assert.equal(isGoodLife({ readyForMs: 10, batches: 100 }), true);
  assert.equal(isGoodLife({ readyForMs: 59_999, batches: 99 }), false);
  assert.equal(isGoodLife({ readyForMs: undefined, batches: 1000 }), false);
});

test('the first restart is at once, then the delay doubles up to a minute, with half of it jitter', () => {
  const delay = (badLivesInARow: number, chance: number) => {
    const decision = decideRestart(99, { badLivesInARow }, chance);
    return decision.kind === 'restart' ? decision.afterMs : undefined;
  };
  assert.equal(delay(0, 0.9), 0);
  assert.equal(delay(1, 0.9), 0);
  assert.deepEqual(
    [2, 3, 4].map((lives) => delay(lives, 0)),
    [500, 1_000, 2_000],
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 90 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (lives, chance) => {
        const fullMs = Math.min(60_000, 1_000 * 2 ** (lives - 2));
        const afterMs = delay(lives, chance) ?? -1;
        assert.ok(afterMs >= fullMs / 2 && afterMs <= fullMs);
      },
    ),
  );
});

test('after so many bad lives in a row a replica is given up', () => {
  assert.equal(decideRestart(6, { badLivesInARow: 5 }, 0).kind, 'restart');
  assert.equal(decideRestart(6, { badLivesInARow: 6 }, 0).kind, 'give up');
});
