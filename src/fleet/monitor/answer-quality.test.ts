import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { Roster } from '../../replica/roster.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { AnswerQuality } from './answer-quality.ts';

/** A quality watcher that ejects after three failures in a row, and the replicas that it has ejected. */
function setUp() {
  const ejected: string[] = [];
  const conditions = { raise: (id: string) => ejected.push(id), clear() {} };
  const settings = {
    ...{ consecutiveFailures: 3, baseMs: 1_000, maxMs: 10_000, maxShare: 0.5, maxTimes: 5, sweepMs: 1_000 },
  };
  const ports = { clock: new VirtualClock(), roster: new Roster(), conditions };
  const quality = new AnswerQuality(settings as never, ports as never);
  const fail = () =>
    quality.onBatch({
      work: { reason: 'idle', members: [{}] },
      replica: { id: 'm/1#0' },
      outcome: { kind: 'threw', message: 'no' },
      refusedMembers: 0,
    } as unknown as BatchEnded);
  return { quality, ejected, fail };
}

test('consecutive failures eject a replica', () => {
  const { ejected, fail } = setUp();
  for (let batch = 0; batch < 3; batch++) fail();
  assert.deepEqual(ejected, ['m/1#0']);
});

test('failures of a slot that was removed do not count against a later one of its number', () => {
  const { quality, ejected, fail } = setUp();
  for (let batch = 0; batch < 2; batch++) fail();
  quality.removed('m/1#0');
  for (let batch = 0; batch < 2; batch++) fail();
  assert.deepEqual(ejected, []);
});
