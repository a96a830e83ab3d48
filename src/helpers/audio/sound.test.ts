import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mono } from './sound.ts';

test('mono is the mean of the channels', () => {
  const sound = { sampleRate: 8000, channels: [Float32Array.of(1, 0.5), Float32Array.of(0, -0.5)] };
  assert.deepEqual(mono(sound), Float32Array.of(0.5, 0));
  assert.throws(() => mono({ sampleRate: 8000, channels: [] }), /the sound has no channels/);
});
