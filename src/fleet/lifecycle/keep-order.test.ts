import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLICA_STATES } from '../../replica/replica-state.ts';
import { type KeepFacts, keepOrder } from './keep-order.ts';

function closedFirst(...replicas: readonly Omit<KeepFacts, 'index'>[]): number {
  const sorted = replicas.map((facts, index) => ({ ...facts, index })).sort(keepOrder);
  return sorted.at(-1)?.index ?? -1;
}

test('coming replicas are closed first, then ejected ones, then slow ones, whatever they run', () => {
  const sorted = REPLICA_STATES.map((state, index) => ({ state, running: index % 3, index }))
    .sort(keepOrder)
    .map(({ state }) => state);
  assert.deepEqual(sorted.slice(0, -3), [
    ...(['ready', 'degraded', 'ejected'] as const),
    ...(['warming', 'starting', 'waiting', 'backoff'] as const),
  ]);
  assert.deepEqual(sorted.slice(-3).sort(), ['draining', 'failed', 'stopped']);
});

test('among equals the least busy replica is closed, then the highest number', () => {
  assert.equal(closedFirst({ state: 'ready', running: 0 }, { state: 'ready', running: 1 }), 0);
  assert.equal(closedFirst({ state: 'ready', running: 1 }, { state: 'ready', running: 1 }), 1);
});
