import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlidingWindow } from './sliding-window.ts';

test('events older than the window do not count', () => {
  const window = new SlidingWindow(60);
  for (const now of [0, 30, 30, 55]) window.add(now);
  assert.equal(window.count(59), 4);
  assert.equal(window.count(61), 3);
  assert.equal(window.count(91), 1);
  assert.equal(window.count(500), 0);
  window.add(600);
  assert.equal(window.count(600), 1);
  window.clear();
  assert.equal(window.count(600), 0);
});
