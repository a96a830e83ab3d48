import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recoveredShare } from '../../../test/support/load-shapes.ts';

test('three seconds after any overload nearly all requests are answered in time again', () => {
  for (let seed = 0; seed < 12; seed++) {
    const share = recoveredShare(seed);
    assert.ok(share >= 0.95, `load shape ${seed}: ${share.toFixed(3)}`);
  }
});
