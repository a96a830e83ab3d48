import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanarySettings } from './canary-settings.ts';

test('answers are compared with those of the control only where that is set', () => {
  const ends = { from: 'm/1', to: 'm/2' };
  assert.equal(CanarySettings.parse(ends).gates.disagreement, undefined);
  assert.equal(CanarySettings.parse({ ...ends, gates: { disagreement: 0.1 } }).gates.disagreement, 0.1);
});
