import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelMetadata } from './model-metadata.ts';
import { reshaped, type Signature, signatureProblem, withSignature } from './signature.ts';

const MODEL: ModelMetadata = {
  platform: 'onnxruntime_onnx',
  inputs: [
    { name: 'image', datatype: 'FP32', shape: [-1, 3, -1, 8], axisNames: ['batch', null, 'height', null] },
    { name: 'any', datatype: 'INT64', shape: [], anyRank: true },
  ],
  outputs: [
    { name: 'scores', datatype: 'FP32', shape: [-1, 10], axisNames: ['batch', null] },
    { name: 'extra', datatype: 'FP32', shape: [-1] },
  ],
  readsParameters: false,
};

const ANY = { name: 'any' };

const PROBLEMS: readonly (readonly [what: string, signature: Signature, problem: RegExp | undefined])[] = [
  ['nothing', {}, undefined],
  ['names alone', { inputs: [{ name: 'image' }, ANY], outputs: [{ name: 'scores' }] }, undefined],
  [
    'fixed sizes for open ones',
    { inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3, 4, 8] }, ANY] },
    undefined,
  ],
  ['an open size for a fixed one', { inputs: [{ name: 'image', shape: [-1, -1, 4, 8] }, ANY] }, undefined],
  [
    'any shape where the model has any rank',
    { inputs: [{ name: 'image' }, { name: 'any', shape: [2, 2] }] },
    undefined,
  ],
  [
    'another size',
    { inputs: [{ name: 'image', shape: [-1, 3, 4, 9] }, ANY] },
    /input 'image' is FP32 \[-1, 3, -1, 8\] in the model, wanted FP32 \[-1, 3, 4, 9\]/,
  ],
  ['another rank', { inputs: [{ name: 'image', shape: [-1, 3, 4] }, ANY] }, /wanted FP32 \[-1, 3, 4\]/],
  [
    'another type',
    { outputs: [{ name: 'scores', datatype: 'FP64' }] },
    /output 'scores' is FP32 \[-1, 10\] in the model, wanted FP64 \[-1, 10\]/,
  ],
  [
    'an unknown input',
    { inputs: [{ name: 'image' }, ANY, { name: 'x' }] },
    /the model has no input 'x', found 'image', 'any'/,
  ],
  ['an input that is not listed', { inputs: [ANY] }, /the model has an input 'image', which is not listed/],
  [
    'the shape of the model',
    { outputs: [{ name: 'scores', shape: [-1, 2, 5], modelShape: [-1, 10] }] },
    undefined,
  ],
  [
    'another shape of the model',
    { outputs: [{ name: 'scores', shape: [-1, 10], modelShape: [-1, 2, 5] }] },
    /wanted FP32 \[-1, 2, 5\]/,
  ],
];

for (const [what, signature, problem] of PROBLEMS) {
  test(`a signature with ${what}`, () => {
    const found = signatureProblem(MODEL, signature);
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', problem);
  });
}

test('rows need a first axis that is open in the model', () => {
  const fixed = { ...MODEL, inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [1, 4] }] };
  const wanted = (shape: number[]) => signatureProblem(fixed, { inputs: [{ name: 'x', shape }] });
  assert.match(wanted([-1, 4]) ?? '', /input 'x' is FP32 \[1, 4\] in the model, wanted FP32 \[-1, 4\]/);
  assert.equal(wanted([1, 4]), undefined);
});

test('a signature narrows shapes, chooses outputs and puts shapes of requests in the place of those of the model', () => {
  const { inputs, outputs } = withSignature(MODEL, {
    inputs: [
      { name: 'image', shape: [-1, -1, 4, 8] },
      { name: 'any', shape: [-1, 2] },
    ],
    outputs: [{ name: 'scores', shape: [-1, 2, 5], modelShape: [-1, 10] }],
  });
  assert.deepEqual(inputs, [
    { name: 'image', datatype: 'FP32', shape: [-1, 3, 4, 8], axisNames: ['batch', null, null, null] },
    { name: 'any', datatype: 'INT64', shape: [-1, 2] },
  ]);
  assert.deepEqual(outputs, [
    { name: 'scores', datatype: 'FP32', shape: [-1, 2, 5], axisNames: ['batch', null, null] },
  ]);
});

test('open sizes keep their order when a shape is converted', () => {
  assert.deepEqual(reshaped([7, 3, 4], [-1, -1, 4], [-1, -1, 2, 2]), [7, 3, 2, 2]);
  assert.deepEqual(reshaped([7, 1], [-1, 1], [-1]), [7]);
  assert.deepEqual(reshaped([7], [-1, 10], [-1, 2, 5]), [7]);
});
