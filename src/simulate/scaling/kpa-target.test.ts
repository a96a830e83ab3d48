import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KpaTargetSettings, resolveTarget } from './kpa-target.ts';

const SETTINGS: KpaTargetSettings = {
  metric: 'concurrency',
  hardConcurrency: 0,
  concurrencyDefault: 100,
  concurrencyUtilization: 0.5,
  rpsDefault: 200,
  rpsUtilization: 0.25,
  target: undefined,
  utilizationPercent: undefined,
  minTarget: 0.01,
};

test('the total comes from the target, the hard limit or the default, and the smaller of two wins', () => {
  const totalOf = (some: Partial<KpaTargetSettings>) => resolveTarget({ ...SETTINGS, ...some }).total;
  assert.equal(totalOf({}), 100);
  assert.equal(totalOf({ hardConcurrency: 10 }), 10);
  assert.equal(totalOf({ target: 30 }), 30);
  assert.equal(totalOf({ target: 30, hardConcurrency: 10 }), 10);
  assert.equal(totalOf({ target: 5, hardConcurrency: 10 }), 5);
  assert.equal(totalOf({ metric: 'rps', target: 300, hardConcurrency: 10 }), 300);
});

test('the target is a share of the total, and never too near to zero', () => {
  const targetOf = (some: Partial<KpaTargetSettings>) => resolveTarget({ ...SETTINGS, ...some }).target;
  assert.equal(targetOf({}), 50);
  assert.equal(targetOf({ metric: 'rps' }), 50);
  assert.equal(targetOf({ utilizationPercent: 80 }), 80);
  assert.equal(targetOf({ target: 0.001 }), 0.01);
});
