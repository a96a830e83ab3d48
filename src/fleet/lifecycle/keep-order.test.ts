import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeepFacts, keepOrder } from './keep-order.ts';

function closedFirst(...replicas: readonly Omit<KeepFacts, 'index'>[]): number {
  const sorted = replicas.map((facts, index) => ({ ...facts, index })).sort(keepOrder);
  return sorted.at(-1)?.index ?? -1;
}

test('a replica that has not started is closed before one that serves', () => {
  assert.equal(closedFirst({ state: 'starting', running: 0 }, { state: 'ready', running: 0 }), 0);
  assert.equal(closedFirst({ state: 'ready', running: 0 }, { state: 'backoff', running: 0 }), 1);
});

test('an ejected replica is closed before a degraded one, and that before a ready one', () => {
  const [ejected, degraded, ready] = (['ejected', 'degraded', 'ready'] as const).map((state) => ({
    state,
    running: 0,
  }));
  assert.ok(ejected && degraded && ready);
  assert.equal(closedFirst(ready, degraded, ejected), 2);
  assert.equal(closedFirst(degraded, ready), 0);
});

test('among equals the least busy replica is closed, then the highest number', () => {
  assert.equal(closedFirst({ state: 'ready', running: 0 }, { state: 'ready', running: 1 }), 0);
  assert.equal(closedFirst({ state: 'ready', running: 1 }, { state: 'ready', running: 1 }), 1);
});
