import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lateAt, lateBefore } from './late-refusals.ts';

test('a late request names its timeout as it was given, whatever the time of the clock', () => {
  const timeouts = fc.integer({ min: 1, max: 600_000_000 });
  const times = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(timeouts, times, (timeoutUs, receivedAt) => {
      const timeoutMs = timeoutUs / 1000;
      const refusal = lateAt(receivedAt + timeoutMs, receivedAt, false);
      assert.equal(refusal.message, `Request timeout expired: still waiting after ${timeoutMs} ms`);
    }),
  );
});

test('the reason says where the request was', () => {
  assert.equal(lateAt(30, 10, false).reason, 'DEADLINE_QUEUED');
  assert.equal(lateAt(30, 10, true).reason, 'DEADLINE_RUNNING');
  assert.equal(lateAt(30, 10, true).message, 'Request timeout expired: still running after 20 ms');
  assert.equal(lateBefore(20.4).reason, 'DEADLINE_ARRIVING');
  assert.equal(lateBefore(20.4).message, 'Request timeout expired: still arriving or being read after 20 ms');
});
