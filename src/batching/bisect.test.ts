import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { halves, mayBisect, sizeUnderThrows } from './bisect.ts';

test('halves keep all members in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (members) => {
      const [first, second] = halves(members);
      assert.deepEqual([...first, ...second], members);
      assert.ok(first.length - second.length >= 0 && first.length - second.length <= 1);
    }),
  );
});

test('batches are bisected until the model proves to be broken', () => {
  const facts = { batches: 100, bisectRuns: 50, passed: 100, failed: 20 };
  assert.equal(mayBisect(facts), true, 'most passed');
  assert.equal(mayBisect({ ...facts, passed: 3, failed: 7 }), true, 'too few failed to tell');
  assert.equal(mayBisect({ ...facts, passed: 3, failed: 8 }), false);
  assert.equal(mayBisect({ ...facts, passed: 8, failed: 8 }), true);
  assert.equal(
    mayBisect({ ...facts, passed: 0, failed: 90, bisectRuns: 10 }),
    true,
    'a limited share is bisected even then',
  );
  assert.equal(mayBisect({ ...facts, passed: 0, failed: 90, bisectRuns: 11 }), false);
});

const line = fc.record({
  fixedMs: fc.double({ min: 0.1, max: 50, noNaN: true }),
  rowMs: fc.double({ min: 0.01, max: 5, noNaN: true }),
});

test('sizes under throws stay within bounds; without throws they are the largest', () => {
  fc.assert(
    fc.property(
      line,
      fc.integer({ min: 1, max: 1024 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      ({ fixedMs, rowMs }, largest, badShare) => {
        const rows = sizeUnderThrows(badShare, largest, (size) => fixedMs + rowMs * size);
        assert.ok(Number.isInteger(rows) && rows >= 1 && rows <= largest, `${rows} of ${largest}`);
        assert.equal(
          sizeUnderThrows(0, largest, (size) => fixedMs + rowMs * size),
          largest,
        );
      },
    ),
  );
});

test('the size under throws has the least cost per row of all powers of two, and falls with the share', () => {
  fc.assert(
    fc.property(
      line,
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0.0001, max: 1, noNaN: true }),
      ({ fixedMs, rowMs }, power, badShare) => {
        const predictMs = (rows: number) => fixedMs + rowMs * rows;
        const largest = 2 ** power;
        // Each level of halving runs both halves again: all the rows, and the fixed cost twice.
        const costMs = (rows: number) =>
          predictMs(rows) / rows +
          (rows === 1 ? 0 : badShare * (2 * fixedMs * Math.log2(rows) + 2 * rowMs * rows));
        const rows = sizeUnderThrows(badShare, largest, predictMs);
        for (let other = 1; other <= largest; other *= 2) {
          assert.ok(costMs(rows) <= costMs(other) * (1 + 1e-9), `${rows}, and ${other} is cheaper`);
        }
        assert.ok(sizeUnderThrows(Math.min(1, 2 * badShare), largest, predictMs) <= rows);
      },
    ),
  );
});
