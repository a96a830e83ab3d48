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

test('a load that makes sense passes', () => {
  checkLoad(load);
  checkLoad({ ...load, requestCount: undefined, durationMs: 5000 });
});

test('a load that makes none is refused, and the message says what would', () => {
  const refused = (change: Partial<Load>, message: RegExp) =>
    assert.throws(() => checkLoad({ ...load, ...change }), message);
  refused({ requests: [] }, /at least one request/);
  refused({ requestCount: undefined }, /would never end/);
  refused({ requestCount: 0 }, /requestCount must be a whole number of at least 1, not 0/);
  refused({ durationMs: 0 }, /durationMs must be above 0, not 0/);
  refused({ warmupMs: -1 }, /warmupMs must be/);
  refused({ warmupMs: Number.POSITIVE_INFINITY }, /warmupMs must be/);
  refused({ timeoutMs: Number.NaN }, /timeoutMs must be above 0, not NaN/);
  refused({ maxConnections: 1.5 }, /maxConnections must be/);
});
