import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { select } from './select.ts';

test('selects as filter does, and returns the list itself exactly when all pass', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 })), fc.integer({ min: 0, max: 3 }), (items, least) => {
      const passes = (item: number) => item >= least;
      const selected = select(items, passes);
      assert.deepEqual(selected, items.filter(passes));
      assert.equal(selected === items, items.every(passes));
    }),
  );
});
