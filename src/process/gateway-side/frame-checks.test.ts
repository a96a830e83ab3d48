import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMetadata } from './frame-checks.ts';

const metadataWith = (sample: unknown) =>
  readMetadata(JSON.stringify({ platform: 'p', inputs: [], outputs: [], readsParameters: false, sample }));

test('a sample is read with its contents', () => {
  const sample = [
    { name: 'x', datatype: 'FP32', shape: [1, 2], base64: Buffer.alloc(8).toString('base64') },
    { name: 'text', datatype: 'BYTES', shape: [1], base64: Buffer.from('\x01\0\0\0a').toString('base64') },
  ];
  assert.deepEqual(metadataWith(sample).sample, sample);
  assert.equal(metadataWith(undefined).sample, undefined);
});

for (const [what, item] of [
  ['an unknown datatype', { datatype: 'FLOAT' }],
  ['a shape that is not complete', { shape: [-1] }],
  ['data that do not fit its shape', { shape: [3] }],
  ['data that do not fit its shape', { datatype: 'BYTES', shape: [1] }],
] as const) {
  test(`a sample with ${what} is malformed: ${JSON.stringify(item)}`, () => {
    const eight = Buffer.alloc(8).toString('base64');
    const sample = [{ name: 'x', datatype: 'FP32', shape: [2], base64: eight, ...item }];
    assert.throws(() => metadataWith(sample), { name: 'RangeError', message: new RegExp(`has ${what}$`) });
  });
}
