import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentsOf } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkInputs, countRows } from './check-inputs.ts';
import { checkModelDefinition } from './define-model.ts';

const metadata = {
  platform: 'test',
  inputs: [
    { name: 'a', datatype: 'FP32', shape: [-1, 2] },
    { name: 'b', datatype: 'INT64', shape: [-1] },
  ],
  outputs: [],
  readsParameters: false,
} as const;

function input(name: string, datatype: 'FP32' | 'INT64', shape: number[]): Tensor {
  return { name, datatype, shape, data: segmentsOf() };
}

test('inputs are returned in the model order, and unchanged when they already have it', () => {
  const [a, b] = [input('a', 'FP32', [3, 2]), input('b', 'INT64', [3])];
  const given = [a, b];
  assert.equal(checkInputs('m', metadata, given), given);
  assert.deepEqual(checkInputs('m', metadata, [b, a]), given);
  assert.equal(countRows('m', true, given), 3);
});

for (const [why, inputs, pattern] of [
  [
    'a missing input',
    [input('a', 'FP32', [1, 2])],
    /expected 2 inputs but got 1 .*missing required input\(s\) \['b'\]/,
  ],
  [
    'an unknown input',
    [input('a', 'FP32', [1, 2]), input('c', 'INT64', [1])],
    /unexpected inference input \['c'\]/,
  ],
  [
    'a wrong datatype',
    [input('a', 'INT64', [1, 2]), input('b', 'INT64', [1])],
    /data-type is 'INT64', but model 'm' expects 'FP32'/,
  ],
  ['a wrong shape', [input('a', 'FP32', [1, 3]), input('b', 'INT64', [1])], /Expected \[-1,2\], got \[1,3\]/],
  ['a missing batch axis', [input('a', 'FP32', [2]), input('b', 'INT64', [1])], /put a 1 before yours/],
] as const) {
  test(`${why} is refused with the wanted value`, () => {
    assert.throws(() => checkInputs('m', metadata, inputs), pattern);
  });
}

test('inputs must agree on the number of rows', () => {
  assert.throws(
    () => countRows('m', true, [input('a', 'FP32', [2, 2]), input('b', 'INT64', [3])]),
    /batch size does not match other inputs/,
  );
  assert.equal(countRows('m', false, [input('a', 'FP32', [2, 2]), input('b', 'INT64', [3])]), 1);
});

for (const [exported, pattern] of [
  [undefined, /default export is undefined/],
  [{ inputs: [], outputs: [] }, /function 'predict' is missing/],
  [{ predict() {}, inputs: {}, outputs: [] }, /'inputs' is not an array/],
  [
    { predict() {}, inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1] }], outputs: [] },
    /datatype 'FLOAT', wanted one of BOOL/,
  ],
  [{ predict() {}, inputs: [{ name: 'x', datatype: 'FP32', shape: [1.5] }], outputs: [] }, /shape of 'x'/],
  [{ predict() {}, inputs: [], outputs: [], healthy: true }, /'healthy' is not a function/],
  [{ predict() {}, inputs: [], outputs: [], samples: [1] }, /'samples' is not an array of inputs by name/],
] as const) {
  test(`a module that is not a model is refused: ${String(pattern)}`, () => {
    assert.throws(() => checkModelDefinition('model.js', exported), pattern);
  });
}
