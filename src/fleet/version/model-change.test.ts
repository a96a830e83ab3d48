import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelChange } from './model-change.ts';

const a = { name: 'a', datatype: 'FP32', shape: [-1] } as const;
const b = { name: 'b', datatype: 'FP32', shape: [-1] } as const;
const served = { platform: '', inputs: [a, b], outputs: [a], readsParameters: false, artefact: 'one' };

test('the same model is not a change', () => {
  assert.equal(modelChange(served, { ...served }, 'm.onnx'), undefined);
});

for (const [what, loaded, pattern] of [
  ['inputs in another order', { ...served, inputs: [b, a] }, /input 0 is 'b' FP32 \[-1\] instead of 'a'/],
  ['one input less', { ...served, inputs: [a] }, /it has 1 inputs instead of 2/],
  ['another datatype', { ...served, outputs: [{ ...a, datatype: 'FP64' as const }] }, /output 0 is 'a' FP64/],
  ['other weights', { ...served, artefact: 'two' }, /its contents differ/],
] as const) {
  test(`${what} is reported as another model, with a remedy`, () => {
    const text = modelChange(served, loaded, 'm.onnx') ?? '';
    assert.match(text, pattern);
    assert.match(text, /m\.onnx was replaced while it was served.*Put the file back/);
  });
}
