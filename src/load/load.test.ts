import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLoad, type Load } from './load.ts';

const load: Load = {
  requests: [Buffer.from('x')],
  schedule: { kind: 'closed', concurrency: 1 },
  warmupMs: 0,
  requestCount: 1,
  timeoutMs: 1000,
  maxConnections: 1,
  keepsFirstAnswer: false,
};

test('a valid load is accepted', () => {
  checkLoad(load);
  checkLoad({ ...load, requestCount: undefined, durationMs: 5000 });
});

test('an invalid load is refused with the wanted value', () => {
  const refused = (change: Partial<Load>, message: RegExp) =>
    assert.throws(() => checkLoad({ ...load, ...change }), message);
  refused({ requests: [] }, /at least one request/);
  refused({ requestCount: undefined }, /would never end/);
  refused({ requestCount: 0 }, /requestCount is 0, wanted a whole number of at least 1/);
  refused({ durationMs: 0 }, /durationMs is 0, wanted a number above 0/);
  refused({ warmupMs: -1 }, /warmupMs is .*, wanted/);
  refused({ warmupMs: Number.POSITIVE_INFINITY }, /warmupMs is .*, wanted/);
  refused({ timeoutMs: Number.NaN }, /timeoutMs is NaN, wanted a number above 0/);
  refused({ maxConnections: 1.5 }, /maxConnections is 1.5, wanted/);
});
