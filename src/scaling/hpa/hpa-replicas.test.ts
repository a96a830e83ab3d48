import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupReplicas, type ReplicaFacts } from './hpa-replicas.ts';

const NOW = 1_000_000;
const SETTINGS = { cpuInitializationMs: 300_000, initialReadinessDelayMs: 30_000 };
const SERVING: ReplicaFacts = {
  id: 'r0',
  phase: 'running',
  isEnding: false,
  startedAt: NOW - 200_000,
  readiness: { isReady: true, since: NOW - 100_000 },
};
const SAMPLE = { valueMilli: 1, takenAt: NOW, windowMs: 30_000 };

function groupOf(replica: Partial<ReplicaFacts>, sample = SAMPLE, resource = 'cpu'): string {
  const samples = new Map([['r0', sample]]);
  const groups = groupReplicas(SETTINGS, [{ ...SERVING, ...replica }], { resource, samples }, NOW);
  return groups.readyCount === 1 ? 'ready' : groups.unready.length === 1 ? 'unready' : 'ignored';
}

test('the CPU of a replica that starts counts one window after it became ready', () => {
  const after = (sinceReadyMs: number) =>
    groupOf({ readiness: { isReady: true, since: NOW - sinceReadyMs } }, SAMPLE);
  assert.deepEqual([29_999, 30_000].map(after), ['unready', 'ready']);
});

test('after its initialization a replica counts even if it is not ready, unless it never was', () => {
  const startedAt = NOW - SETTINGS.cpuInitializationMs;
  const lastChange = (afterStartMs: number) =>
    groupOf({ startedAt, readiness: { isReady: false, since: startedAt + afterStartMs } });
  assert.deepEqual([29_999, 30_000].map(lastChange), ['unready', 'ready']);
});

test('other resources count from the first sample on', () => {
  assert.equal(groupOf({ startedAt: NOW, readiness: undefined }), 'unready');
  assert.equal(groupOf({ startedAt: NOW, readiness: undefined }, SAMPLE, 'memory'), 'ready');
});

test('a replica that ends or failed is ignored, a pending one is unready', () => {
  assert.equal(groupOf({ isEnding: true, phase: 'pending' }), 'ignored');
  assert.equal(groupOf({ phase: 'failed' }), 'ignored');
  assert.equal(groupOf({ phase: 'pending' }, SAMPLE, 'memory'), 'unready');
});
