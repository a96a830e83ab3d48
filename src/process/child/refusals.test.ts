import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from './refusals.ts';

test('a model can only refuse rows of its batch', () => {
  const refusals = new Refusals([1, 2], 100);
  refusals.byModel(2, 'no');
  assert.deepEqual([refusals.has(0), refusals.has(1)], [false, true]);
  for (const row of [3, -1, 0.5, Number.NaN]) {
    assert.throws(() => refusals.byModel(row, 'no'), {
      name: 'RangeError',
      message: `refuseRow(${row}): the batch has the rows 0 to 2`,
    });
  }
  assert.equal(refusals.areAll, false);
});
