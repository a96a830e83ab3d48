import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { DATATYPE_NAMES, DATATYPES } from '../tensor/datatype.ts';
import { numbersOf } from '../tensor/numbers.ts';
import { flatten } from '../tensor/segments.ts';
import { byteSize, typedArrayOf } from '../tensor/tensor.ts';
import { GUESSES, guessedShape, LARGE_ROW, madeUpValues, ROW_SCALES } from './made-up-rows.ts';

const inputs = fc.record({
  name: fc.constantFrom('x', 'attention_mask'),
  datatype: fc.constantFrom(...DATATYPE_NAMES),
  shape: fc.array(fc.constantFrom(-1, 1, 3), { maxLength: 3 }),
});

test('every guess gives reproducible values of the datatype and shape', () => {
  fc.assert(
    fc.property(inputs, fc.constantFrom(...GUESSES), fc.nat(LARGE_ROW), (input, guess, row) => {
      const shape = guessedShape(input, guess, input.shape[0] === -1);
      assert.ok(shape.every((size) => size > 0));
      if (input.shape[0] === -1) assert.equal(shape[0], 1);
      const make = () => flatten(madeUpValues(input, shape, guess, row, seededRandom('s')));
      const bytes = make();
      assert.deepEqual(bytes, make());
      const wanted = byteSize(input.datatype, shape);
      if (wanted !== undefined) assert.equal(bytes.byteLength, wanted);
    }),
  );
});

test('numbers are finite and small, masks are 1, positive values are above 0', () => {
  fc.assert(
    fc.property(inputs, fc.constantFrom(...GUESSES), fc.nat(LARGE_ROW), (input, guess, row) => {
      const shape = guessedShape(input, guess, false);
      const data = madeUpValues(input, shape, guess, row, seededRandom('s'));
      const tensor = { name: input.name, datatype: input.datatype, shape, data };
      const numbers =
        DATATYPES[input.datatype].kind === 'bigint'
          ? Array.from(typedArrayOf(input.datatype, data) as BigInt64Array, Number)
          : Array.from(numbersOf(tensor) ?? []);
      for (const number of numbers) {
        assert.ok(Math.abs(number) <= (row === LARGE_ROW ? 100 : 10), String(number));
        if (/mask/.test(input.name)) assert.equal(number, 1);
        else if (guess.values === 'positive' && input.datatype !== 'BOOL')
          assert.ok(number > 0, String(number));
      }
    }),
  );
});

test('rows of a varied guess are different', () => {
  const guess = { openSize: 4, values: 'varied' } as const;
  for (const datatype of DATATYPE_NAMES.filter((name) => name !== 'BOOL')) {
    const rows = [0, 1, 2, 3, 4].map((row) =>
      Buffer.from(
        flatten(madeUpValues({ name: 'x', datatype, shape: [1, 8] }, [1, 8], guess, row, seededRandom(row))),
      ).toString('hex'),
    );
    assert.equal(new Set(rows).size, rows.length, datatype);
  }
});

test('rows of bits do not all have the same largest number', () => {
  const guess = { openSize: 4, values: 'small' } as const;
  for (const datatype of ['BOOL', 'INT8', 'INT64'] as const) {
    const largest = Array.from({ length: ROW_SCALES.length }, (_, row) => {
      const data = madeUpValues(
        { name: 'x', datatype, shape: [1, 8] },
        [1, 8],
        guess,
        row,
        seededRandom(row),
      );
      return Math.max(...Array.from(typedArrayOf(datatype, data) as ArrayLike<number | bigint>, Number));
    });
    assert.deepEqual([...new Set(largest)].sort(), [0, 1], datatype);
  }
});

test('small signed numbers are of either sign: a model may treat those below 0 in another way', () => {
  const guess = { openSize: 4, values: 'varied' } as const;
  for (const datatype of ['INT8', 'INT16'] as const) {
    const data = madeUpValues({ name: 'x', datatype, shape: [1, 64] }, [1, 64], guess, 0, seededRandom('s'));
    const numbers = [...(typedArrayOf(datatype, data) as Int8Array)];
    assert.ok(Math.min(...numbers) < 0 && Math.max(...numbers) > 0, datatype);
  }
});
