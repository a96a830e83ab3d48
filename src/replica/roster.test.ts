import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replica } from './replica.ts';
import { Roster } from './roster.ts';

const TERMS = { now: 0, forMs: 5, isAlone: false };

function replica(id: string): Replica {
  return { id, incarnation: 1, start() {}, cancel() {}, drain() {}, kill() {} };
}

test('a lease takes one credit and returns it exactly once', () => {
  const roster = new Roster();
  roster.add(replica('a'), 0, 1);
  assert.deepEqual(roster.free(), []);
  roster.grant('a', 1);
  const lease = roster.lease('a', TERMS);
  assert.deepEqual(roster.free(), []);
  assert.throws(() => roster.lease('a', TERMS), /no credit/);
  lease.release(5);
  lease.release(5);
  assert.equal(roster.free().length, 1);
  assert.equal(roster.views()[0]?.running, 0);
  roster.lease('a', TERMS);
  assert.deepEqual(roster.free(), []);
});

test('replicas keep their order, and removed ones are forgotten', () => {
  const roster = new Roster();
  roster.add(replica('b'), 1, 1);
  roster.add(replica('a'), 0, 1);
  roster.setHealthStatus('b', 'ready');
  assert.deepEqual(
    roster.views().map(({ id }) => id),
    ['a', 'b'],
  );
  assert.throws(() => roster.add(replica('b'), 2, 1), /taken/);
  assert.equal(roster.view('b')?.healthStatus, 'ready');
  roster.setApart('b', true);
  assert.equal(roster.view('b')?.healthStatus, undefined);
  roster.remove('b');
  roster.setHealthStatus('b', 'ready');
  roster.grant('b', 1);
  assert.equal(roster.view('b'), undefined);
  assert.throws(() => roster.lease('b', TERMS), /no credit/);
});
