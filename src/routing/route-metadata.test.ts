import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorMetadata } from '../model/model-metadata.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { commonMetadata, metadataProblems, type TargetMetadata } from './route-metadata.ts';

function tensor(name: string, datatype: Datatype = 'FP32', shape: readonly number[] = [-1, 4]) {
  return { name, datatype, shape };
}

function target(
  name: string,
  inputs: readonly TensorMetadata[],
  outputs: readonly TensorMetadata[] = [tensor('y')],
): TargetMetadata {
  return { name, metadata: { inputs, outputs } };
}

test('one target has its own metadata', () => {
  const { metadata } = target('a', [tensor('x')], [tensor('y'), tensor('z')]);
  assert.deepEqual(commonMetadata([{ name: 'a', metadata }]), metadata);
});

test('inputs and outputs that one target lacks are not common', () => {
  const a = target('a', [tensor('x'), tensor('only a')], [tensor('y'), tensor('z')]);
  const b = target('b', [tensor('only b'), tensor('x')], [tensor('z')]);
  assert.deepEqual(commonMetadata([a, b]), { inputs: [tensor('x')], outputs: [tensor('z')] });
});

test('an axis of different sizes is open', () => {
  const a = target('a', [tensor('x', 'FP32', [-1, 4, 8])]);
  const b = target('b', [tensor('x', 'FP32', [-1, 4, 9])]);
  const c = target('c', [tensor('x', 'FP32', [1, 4, 8])]);
  assert.deepEqual(commonMetadata([a, b]).inputs, [tensor('x', 'FP32', [-1, 4, -1])]);
  assert.deepEqual(commonMetadata([a, b, c]).inputs, [tensor('x', 'FP32', [-1, 4, -1])]);
});

test('no targets have nothing in common', () => {
  assert.deepEqual(commonMetadata([]), { inputs: [], outputs: [] });
  assert.deepEqual(metadataProblems([], [['a', 'b']]), []);
});

test('targets that are alike have no problems', () => {
  const [a, b] = [target('a', [tensor('x', 'FP32', [-1, 4])]), target('b', [tensor('x', 'FP32', [2, 9])])];
  assert.deepEqual(metadataProblems([a, b], [['a', 'b']]), []);
});

test('another datatype or number of axes under one name is a problem', () => {
  const a = target('a', [tensor('x')]);
  const b = target('b', [tensor('x', 'INT64')]);
  const c = target('c', [tensor('x', 'FP32', [-1])]);
  assert.deepEqual(metadataProblems([a, b, c], []), [
    "input 'x' is FP32[-1,4] in a and INT64[-1,4] in b: one name cannot stand for both",
    "input 'x' is FP32[-1,4] in a and FP32[-1] in c: one name cannot stand for both",
  ]);
});

test('outputs are compared like inputs', () => {
  const [a, b] = [target('a', [], [tensor('y')]), target('b', [], [tensor('y', 'BYTES')])];
  assert.deepEqual(metadataProblems([a, b], []), [
    "output 'y' is FP32[-1,4] in a and BYTES[-1,4] in b: one name cannot stand for both",
  ]);
});

test('a tensor that the first target lacks is compared among the others', () => {
  const a = target('a', [tensor('x')]);
  const b = target('b', [tensor('w')]);
  const c = target('c', [tensor('w', 'BYTES')]);
  assert.deepEqual(metadataProblems([a, b, c], []), [
    "input 'w' is FP32[-1,4] in b and BYTES[-1,4] in c: one name cannot stand for both",
  ]);
});

test('an input of any number of axes goes with each number of axes', () => {
  const a = target('a', [tensor('x')]);
  const b = target('b', [{ ...tensor('x', 'FP32', []), anyRank: true }]);
  assert.deepEqual(metadataProblems([a, b], [['a', 'b']]), []);
});

test('targets that answer the same requests must have the same inputs', () => {
  const a = target('a', [tensor('x'), tensor('w')]);
  const b = target('b', [tensor('w'), tensor('x')]);
  const c = target('c', [tensor('x')]);
  const d = target('d', []);
  assert.deepEqual(metadataProblems([a, b, c, d], []), [], 'rules may choose by inputs');
  assert.deepEqual(metadataProblems([a, b], [['a', 'b']]), []);
  assert.deepEqual(
    metadataProblems(
      [a, b, c, d],
      [
        ['a', 'c'],
        ['b', 'd'],
      ],
    ),
    [
      'c takes the inputs x and a takes w, x: they cannot answer the same requests',
      'd takes the inputs none and b takes w, x: they cannot answer the same requests',
    ],
  );
});

test('a problem of several groups is told once', () => {
  const [a, b] = [target('a', [tensor('x')]), target('b', [tensor('w')])];
  const groups = [
    ['a', 'b'],
    ['a', 'b'],
  ];
  assert.equal(metadataProblems([a, b], groups).length, 1);
});
