import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addOutcome, joinOutcomes, NO_OUTCOMES, type Outcomes } from './outcomes.ts';

const values = fc.array(fc.double({ min: -1_000, max: 1_000, noNaN: true }), { maxLength: 50 });

function outcomesOf(list: readonly number[]): Outcomes {
  return list.reduce(addOutcome, NO_OUTCOMES);
}

function near(got: Outcomes, wanted: Outcomes) {
  assert.equal(got.count, wanted.count);
  assert.ok(Math.abs(got.mean - wanted.mean) < 1e-9, `${got.mean}, wanted ${wanted.mean}`);
  assert.ok(Math.abs(got.squares - wanted.squares) < 1e-6, `${got.squares}, wanted ${wanted.squares}`);
}

test('mean and squares are those of the whole list', () => {
  fc.assert(
    fc.property(values, (list) => {
      const mean = list.reduce((sum, each) => sum + each, 0) / Math.max(list.length, 1);
      const squares = list.reduce((sum, each) => sum + (each - mean) ** 2, 0);
      near(outcomesOf(list), { count: list.length, mean, squares });
    }),
  );
});

test('joined outcomes are those of both lists', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      near(joinOutcomes(outcomesOf(a), outcomesOf(b)), outcomesOf([...a, ...b]));
    }),
  );
});

test('a small variance of large numbers keeps its digits', () => {
  const { squares } = outcomesOf([1e9, 1e9 + 1, 1e9 + 2]);
  assert.ok(Math.abs(squares - 2) < 1e-6, `${squares}`);
});

test('equal outcomes have no squares at all', () => {
  const same = outcomesOf(Array.from({ length: 1_000 }, () => 0.1));
  assert.equal(same.squares, 0);
  assert.equal(joinOutcomes(same, outcomesOf([0.1, 0.1])).squares, 0);
});
