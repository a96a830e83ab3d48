import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentsOf } from './segments.ts';
import { typedArrayOf } from './tensor.ts';

test('numbers are read from a Buffer that does not start at a multiple of their size', () => {
  const wanted = Float32Array.of(1.5, -2);
  const bytes = Buffer.concat([Buffer.alloc(1), Buffer.from(wanted.buffer)]).subarray(1);
  for (let shift = 0; shift < 4; shift++) {
    const moved = Buffer.alloc(16).subarray(shift, shift + 8);
    bytes.copy(moved);
    assert.deepEqual(typedArrayOf('FP32', segmentsOf(moved)), wanted);
  }
});
