import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeasuredWindow } from './measured-window.ts';

function setUp() {
  const world = { nowMs: 100, busyMs: 40 };
  const window = new MeasuredWindow(
    () => world.nowMs,
    () => world.busyMs,
  );
  return { world, window };
}

test('answers before and after the window do not count', () => {
  const { world, window } = setUp();
  window.succeeded();
  window.open();
  world.nowMs = 150;
  window.open();
  window.succeeded();
  window.succeeded();
  world.nowMs = 600;
  world.busyMs = 140;
  window.close();
  world.nowMs = 900;
  world.busyMs = 900;
  window.close();
  window.succeeded();
  assert.deepEqual(window.summary(), { elapsedMs: 500, ratePerSecond: 4, cpuShare: 0.2 });
});

test('a window that never opened has measured nothing', () => {
  const { window } = setUp();
  window.close();
  assert.deepEqual(window.summary(), { elapsedMs: 0, ratePerSecond: 0, cpuShare: 0 });
});
