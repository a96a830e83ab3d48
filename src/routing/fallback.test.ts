import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuse } from '../base/errors.ts';
import { attemptDeadline, failureCause } from './fallback.ts';

test('a failure of the target has a cause, for which the next one may answer', () => {
  for (const [reason, cause] of [
    ['MODEL_STARTING', 'not-ready'],
    ['VERSION_UNKNOWN', 'not-ready'],
    ['MODEL_ERROR', 'error'],
    ['BAD_OUTPUT', 'error'],
    ['QUEUE_FULL', 'overload'],
    ['PREDICTED_LATE', 'deadline'],
    ['DEADLINE_RUNNING', 'deadline'],
    ['REPLICA_LOST', 'lost'],
  ] as const) {
    assert.equal(failureCause(refuse(reason, '')), cause, reason);
  }
});

test('a request that is itself refused is not tried elsewhere', () => {
  for (const reason of [
    ...(['MALFORMED', 'INVALID_INPUT', 'BATCH_TOO_LARGE', 'UNAUTHENTICATED', 'FORBIDDEN'] as const),
    ...(['TENANT_QUOTA', 'CANCELLED', 'DENIED_INPUT', 'POISON_INPUT', 'BODIES_IN_FLIGHT'] as const),
    'DEADLINE_ARRIVING' as const,
  ]) {
    assert.equal(failureCause(refuse(reason, '')), undefined, reason);
  }
});

test('an attempt leaves a share of the time to the next one', () => {
  assert.equal(attemptDeadline(100, 200, 0.5, true), 150);
  assert.equal(attemptDeadline(150, 200, 0.25, true), 162.5);
  assert.equal(attemptDeadline(100, 200, 1, true), 200);
});

test('the last attempt has all of the time', () => {
  assert.equal(attemptDeadline(150, 200, 0.5, false), 200);
});

test('too little time is not shared', () => {
  assert.equal(attemptDeadline(198, 200, 0.5, true), 200);
  assert.equal(attemptDeadline(197, 200, 0.5, true), 198.5);
  assert.equal(attemptDeadline(300, 200, 0.5, true), 200, 'the deadline has passed');
});

test('an attempt never ends after the deadline, nor before now while there is time', () => {
  const times = fc.double({ min: 0, max: 1e6, noNaN: true });
  const shares = fc.double({ min: 0.001, max: 1, noNaN: true });
  fc.assert(
    fc.property(times, times, shares, fc.boolean(), (now, leftMs, share, hasNext) => {
      const end = attemptDeadline(now, now + leftMs, share, hasNext);
      assert.ok(end >= now && end <= now + leftMs + 1e-6, `${end}`);
    }),
  );
});

test('a request without a deadline has attempts without one', () => {
  assert.equal(attemptDeadline(100, Number.POSITIVE_INFINITY, 0.5, true), Number.POSITIVE_INFINITY);
});
