import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateMemory, msUntilLimit } from './memory-policy.ts';

test('unset limits are never exceeded', () => {
  assert.equal(evaluateMemory({}, 1e12), 'fine');
  assert.equal(evaluateMemory({ softLimitBytes: 10 }, 11), 'soft');
  assert.equal(evaluateMemory({ softLimitBytes: 10, hardLimitBytes: 20 }, 21), 'hard');
  assert.equal(evaluateMemory({ hardLimitBytes: 20 }, 20), 'fine');
});

const at = (count: number, bytes: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ at: 1000 * index, bytes: bytes(index) }));

test('steady growth gives the time to the limit; fluctuation does not', () => {
  assert.equal(
    msUntilLimit(
      at(20, (index) => 100 + 10 * index),
      390,
    ),
    10_000,
  );
  assert.equal(
    msUntilLimit(
      at(20, (index) => 100 + (index % 2) * 50),
      390,
    ),
    undefined,
  );
  assert.equal(
    msUntilLimit(
      at(20, (index) => 500 - 10 * index),
      600,
    ),
    undefined,
  );
  assert.equal(
    msUntilLimit(
      at(5, (index) => 100 + 10 * index),
      390,
    ),
    undefined,
    'too few samples',
  );
  assert.equal(
    msUntilLimit(
      at(20, () => 100),
      390,
    ),
    undefined,
  );
});
