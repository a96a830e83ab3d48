import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelDefinition, ModelOutput } from '../../model/define-model.ts';
import { samplesOf } from './module-samples.ts';

type Samples = readonly Readonly<Record<string, ModelOutput>>[];

/** Two inputs with a batch axis, of which one is a text. */
function modelWith(samples: Samples, rows = -1): ModelDefinition {
  const inputs = [
    { name: 'x', datatype: 'FP32', shape: [rows, -1] },
    { name: 'text', datatype: 'BYTES', shape: [rows] },
  ] as const;
  return { inputs, outputs: [], samples, predict: () => ({}) };
}

test('samples are joined to one request', () => {
  const joined = samplesOf(
    modelWith([
      { x: { shape: [1, 2], data: [1, 2] }, text: { shape: [1], data: ['a'] } },
      { x: { shape: [2, 2], data: Float32Array.of(3, 4, 5, 6) }, text: { shape: [2], data: ['b', 'c'] } },
    ]),
  );
  assert.deepEqual(
    joined?.map(({ base64, ...form }) => form),
    [
      { name: 'x', datatype: 'FP32', shape: [3, 2] },
      { name: 'text', datatype: 'BYTES', shape: [3] },
    ],
  );
  const [x, text] = joined.map(({ base64 }) => Buffer.from(base64, 'base64'));
  assert.deepEqual([...new Float32Array(new Uint8Array(x ?? []).buffer)], [1, 2, 3, 4, 5, 6]);
  assert.equal(text?.toString(), '\x01\0\0\0a\x01\0\0\0b\x01\0\0\0c');
});

test('a model may have no samples, or leave out an input', () => {
  assert.equal(samplesOf(modelWith([])), undefined);
  const [only, none] = samplesOf(modelWith([{ text: { shape: [1], data: [''] } }])) ?? [];
  assert.deepEqual([only?.name, none], ['text', undefined]);
});

const text = { shape: [1], data: ['a'] };
for (const [samples, message, rows] of [
  [[{ y: text }], /^samples\[0\] names 'y', which is no input$/],
  [[{ x: text }], /^samples\[0\]\.x has shape \[1\]; the declared shape is \[-1,-1\]$/],
  [
    [{ text: { shape: [2], data: ['a'] } }],
    /^samples\[0\]\.text has 1 elements; its shape \[2\] requires 2$/,
  ],
  [[{ text: { shape: [1], data: [1] } }], /^samples\[0\]\.text: element 0 is 1, wanted a text/],
  [[{ text }, {}], /^some items of 'samples' leave out 'text'/],
  [
    [{ x: { shape: [1, 1], data: [1] } }, { x: { shape: [1, 2], data: [1, 2] } }],
    /^'samples' has rows of 'x' of the shapes \[1\] and \[2\]/,
  ],
  [[{ text }, { text }], /^'samples' has 2 items, but a model without a batch axis takes one$/, 1],
  [
    [{ x: { shape: [1, 300_000], data: new Float32Array(300_000) } }],
    /^'samples' has 1200000 bytes, the limit is 1048576: name a file in warmup\.sample/,
  ],
] as const) {
  test(`samples that do not fit are refused: ${message}`, () => {
    assert.throws(() => samplesOf(modelWith(samples as unknown as Samples, rows)), { message });
  });
}
