import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slownessOf } from './slowness.ts';

test('requests that are slow without waiting need no replicas, and the reason depends on the cores', () => {
  assert.match(slownessOf({ waitMs: 5, serviceMs: 95 }, 50, true) ?? '', /100 ms of 50 ms.*saturated/);
  assert.match(slownessOf({ waitMs: 5, serviceMs: 95 }, 50, false) ?? '', /more threads/);
});

test('requests that are in time, that wait, or that have no objective are no such case', () => {
  assert.equal(slownessOf({ waitMs: 1, serviceMs: 40 }, 50, true), undefined);
  assert.equal(slownessOf({ waitMs: 60, serviceMs: 40 }, 50, true), undefined);
  assert.equal(slownessOf({ waitMs: 5, serviceMs: 95 }, undefined, true), undefined);
});
