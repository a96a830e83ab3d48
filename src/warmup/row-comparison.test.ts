import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import { rowsProblem } from './row-comparison.ts';
import { OTHER_SIZE, SAME_KERNELS } from './same-answer.ts';

function floats(shape: number[], ...numbers: number[]): Tensor[] {
  return [{ name: 'y', datatype: 'FP32', shape, data: bytesOf(Float32Array.from(numbers)) }];
}

test('equal rows are no problem, in any order', () => {
  const rows = fc.array(fc.array(fc.float({ noNaN: true }), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(rows, (numbers) => {
      const batch = floats([numbers.length, 3], ...numbers.flat());
      const alone = numbers.map((row) => ({ outputs: floats([1, 3], ...row), row: 0 }));
      assert.equal(rowsProblem(batch, alone, SAME_KERNELS), undefined);
      const reversed = floats([numbers.length, 3], ...[...numbers].reverse().flat());
      const places = numbers.map((_, row) => ({ outputs: reversed, row: numbers.length - 1 - row }));
      assert.equal(rowsProblem(batch, places, SAME_KERNELS), undefined);
    }),
  );
});

for (const [why, batch, pattern] of [
  ['another number', floats([2, 2], 1, 2, 3, 5), /'y' of a row depends on the other rows in a batch of 2/],
  ['too few rows', floats([1, 2], 1, 2), /'y' has shape \[1,2\], but the input has 2 rows/],
  ['no rows at all', floats([], 1), /'y' has shape \[\], but the input has 2 rows/],
  ['longer rows', floats([2, 3], 1, 2, 0, 3, 4, 0), /'y' of a row has shape \[1,3\] instead of \[1,2\]/],
] as const) {
  test(`${why} is reported as a problem`, () => {
    const alone = [
      { outputs: floats([1, 2], 1, 2), row: 0 },
      { outputs: floats([1, 2], 3, 4), row: 0 },
    ];
    assert.match(rowsProblem(batch, alone, SAME_KERNELS) ?? '', pattern);
  });
}

test('a row without a counterpart is skipped, except for its form', () => {
  const alone = [{ outputs: floats([1, 2], 1, 2), row: 0 }, undefined];
  assert.equal(rowsProblem(floats([2, 2], 1, 2, 9, 9), alone, SAME_KERNELS), undefined);
  assert.match(rowsProblem(floats([3, 2], 1, 2, 9, 9, 9, 9), alone, SAME_KERNELS) ?? '', /3,2/);
});

test('some 8-bit numbers may differ by one level, but not all', () => {
  const bytes = (...numbers: number[]): Tensor[] => [
    { name: 'q', datatype: 'UINT8', shape: [1, 20], data: bytesOf(Uint8Array.from(numbers)) },
  ];
  const usual = new Array<number>(20).fill(7);
  const alone = [{ outputs: bytes(...usual), row: 0 }];
  const problemOf = (numbers: number[]) => rowsProblem(bytes(...numbers), alone, OTHER_SIZE);
  assert.equal(problemOf(usual.with(3, 8)), undefined);
  assert.match(problemOf(usual.with(3, 9)) ?? '', /depends/);
  assert.match(problemOf(usual.map((number) => number + 1)) ?? '', /depends/);
});
