import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from './tally.ts';

test('only 2xx answers count for latency; the others are errors by status', () => {
  const tally = new Tally(false);
  for (const [status, latencyMs] of [
    [200, 10],
    [201, 20],
    [503, 1],
    [302, 1],
  ] as const) {
    tally.due();
    tally.answered(0, status, latencyMs, undefined);
  }
  tally.due();
  tally.failed('timeout', 'no answer within 5 ms');

  const { requests, succeeded, statusClasses, errors, latencyMs } = tally.summary();
  assert.deepEqual([requests, succeeded], [5, 2]);
  assert.deepEqual(statusClasses, { '2xx': 2, '5xx': 1, '3xx': 1 });
  assert.deepEqual(errors, { 'status:503': 1, 'status:302': 1, timeout: 1 });
  assert.deepEqual([latencyMs.mean, latencyMs.max], [15, 20]);
});

test('the first error is reported, and then no body is kept', () => {
  const tally = new Tally(false);
  assert.equal(tally.wantsBody(200), false);
  assert.equal(tally.wantsBody(503), true);
  tally.answered(0, 503, 1, Buffer.from('{"error":"queue full"}'));
  tally.failed('reset', 'gone');
  assert.equal(tally.wantsBody(503), false);
  assert.equal(tally.summary().firstError, 'status 503: {"error":"queue full"}');
});

test('the first answer is kept whole on request', () => {
  const tally = new Tally(true);
  assert.equal(tally.wantsBody(200), true);
  tally.answered(3, 200, 1, Buffer.from([0, 255]));
  assert.equal(tally.wantsBody(200), false);
  tally.answered(4, 200, 1, Buffer.from('later'));
  assert.deepEqual(tally.summary().firstAnswer, { request: 3, status: 200, bodyBase64: 'AP8=' });
});
