import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensorOf } from '../../test/support/routing.ts';
import { ServingError } from '../base/errors.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { flatten } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { staticAnswer } from './static-answer.ts';

function outputOf(value: unknown, rows: number, known: readonly TensorMetadata[] = []): Tensor {
  const [output] = staticAnswer({ y: value }, rows, known).outputs;
  assert.ok(output !== undefined);
  return output;
}

function same(got: Tensor, wanted: Tensor) {
  assert.deepEqual(
    { ...got, data: flatten(got.data) },
    { ...wanted, data: new Uint8Array(flatten(wanted.data)) },
  );
}

for (const [value, datatype, elements] of [
  ['unknown', 'BYTES', ['unknown', 'unknown']],
  [true, 'BOOL', [true, true]],
  [3, 'INT64', [3, 3]],
  [0.5, 'FP32', [0.5, 0.5]],
] as const) {
  test(`${JSON.stringify(value)} is ${datatype} in each row`, () => {
    same(outputOf(value, 2), tensorOf('y', datatype, [2], elements));
  });
}

test('a list is one row, and each row is the same', () => {
  same(outputOf([0.5, 1], 2), tensorOf('y', 'FP32', [2, 2], [0.5, 1, 0.5, 1]));
  same(outputOf([['a'], ['b']], 1), tensorOf('y', 'BYTES', [1, 2, 1], ['a', 'b']));
});

test('numbers of which one has a fraction are FP32', () => {
  assert.equal(outputOf([1, 2], 1).datatype, 'INT64');
  assert.equal(outputOf([1, 2.5], 1).datatype, 'FP32');
});

test('the datatype is that of the output of the targets', () => {
  const known: TensorMetadata[] = [{ name: 'y', datatype: 'FP64', shape: [-1] }];
  same(outputOf(1, 2, known), tensorOf('y', 'FP64', [2], [1, 1]));
  assert.equal(outputOf(1, 2, [{ name: 'z', datatype: 'FP64', shape: [-1] }]).datatype, 'INT64');
});

test('an answer of no rows has the datatype of its value', () => {
  for (const [value, datatype] of [
    ['a', 'BYTES'],
    [1, 'INT64'],
    [0.5, 'FP32'],
    [true, 'BOOL'],
  ] as const) {
    same(outputOf(value, 0), tensorOf('y', datatype, [0], []));
  }
});

test('outputs are in the order of the settings', () => {
  const { outputs } = staticAnswer({ b: 1, a: 'x' }, 1, []);
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ['b', 'a'],
  );
});

for (const [what, value, datatype, message] of [
  ['lists of different lengths', [[1], [1, 2]], undefined, /\[1\] has length 2, wanted 1$/],
  ['a list beside a number', [1, [2]], undefined, /\[1\] is a list, wanted an element$/],
  ['null', null, undefined, /element 0 is null, wanted text$/],
  ['a number among texts', ['a', 1], undefined, /element 1 is 1, wanted text$/],
  ['a text for numbers', 'a', 'FP32', /element 0 is "a", wanted a number/],
  ['a fraction for whole numbers', 0.5, 'INT64', /element 0 is 0.5, wanted a whole number/],
] as const) {
  test(`${what} is refused with its place`, () => {
    const known = datatype === undefined ? [] : [{ name: 'y', datatype, shape: [-1] }];
    assert.throws(
      () => outputOf(value, 1, known),
      (error) => {
        assert.ok(error instanceof ServingError);
        assert.match(error.message, /^output 'y' of the fixed answer /);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}
