import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findMaxRate } from './find-max-rate.ts';
import type { LoadReport } from './load-report.ts';

/** A report without problems except the given ones. */
function reportOf(
  ratePerSecond: number,
  change: { p99?: number; succeeded?: number; void?: string },
): LoadReport {
  const p99 = change.p99 ?? 1;
  return {
    schedule: { kind: 'open', ratePerSecond },
    elapsedMs: 1000,
    requests: 1000,
    succeeded: change.succeeded ?? 1000,
    inTime: change.succeeded ?? 1000,
    ratePerSecond,
    latencyMs: { mean: 1, p50: 1, p90: 1, p99, p999: p99, max: p99 },
    statusClasses: {},
    errors: {},
    issueDelayP99Ms: 0,
    connections: 1,
    cpuShare: 0.1,
    void: change.void,
  };
}

/** A queue before one worker: its p99 grows as the rate approaches the capacity, without bound beyond it. */
function queueingServer(capacity: number) {
  return async (rate: number) => {
    const load = rate / capacity;
    return reportOf(rate, { p99: load < 1 ? 2 + (4 * load) / (1 - load) : 1e6 });
  };
}

const search = { p99LimitMs: 42, startRate: 100 };

test('the rate found is within 3 % of the true limit for any start of the search', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 2, max: 1e5, noNaN: true }),
      fc.double({ min: 1, max: 1e5, noNaN: true }),
      async (capacity, startRate) => {
        const limit = (capacity * 10) / 11;
        const found = await findMaxRate({ ...search, startRate }, queueingServer(capacity));
        if (limit >= 2) {
          assert.ok(found.ratePerSecond <= limit, `${found.ratePerSecond} passes ${limit}`);
          assert.ok(found.ratePerSecond >= limit / 1.031, `${found.ratePerSecond} falls short of ${limit}`);
        }
        assert.equal(found.limitedBy, 'latency');
        assert.ok(found.tries.length < 45);
      },
    ),
  );
});

test('the tries show doubling, then bisection', async () => {
  const { tries, ratePerSecond } = await findMaxRate(search, queueingServer(660));
  assert.deepEqual(
    tries.map((step) => [step.ratePerSecond, step.result]),
    [
      [100, 'passed'],
      [200, 'passed'],
      [400, 'passed'],
      [800, 'latency'],
      [600, 'passed'],
      [700, 'latency'],
      [650, 'latency'],
      [625, 'latency'],
      [612.5, 'latency'],
    ],
  );
  assert.equal(ratePerSecond, 600);
});

test('a rate with less than 99 % successes fails at any latency', async () => {
  const found = await findMaxRate(search, async (rate) =>
    reportOf(rate, { succeeded: rate > 300 ? 989 : 990 }),
  );
  assert.ok(found.ratePerSecond <= 300 && found.ratePerSecond > 290);
  assert.equal(found.limitedBy, 'failures');
});

test('a void run ends the doubling, and the result names the generator as the limit', async () => {
  const found = await findMaxRate(search, async (rate) =>
    reportOf(rate, rate > 1000 ? { void: 'slow' } : {}),
  );
  assert.ok(found.ratePerSecond > 970);
  assert.equal(found.limitedBy, 'generator');
});

test('the search stops at maxRate', async () => {
  const found = await findMaxRate({ ...search, maxRate: 350 }, queueingServer(1e6));
  assert.deepEqual([found.ratePerSecond, found.limitedBy, found.tries.length], [350, 'maxRate', 3]);
});

test('the search ends for a server that never passes', async () => {
  const found = await findMaxRate(search, async (rate) => reportOf(rate, { succeeded: 0 }));
  assert.deepEqual([found.ratePerSecond, found.limitedBy], [0, 'failures']);
  assert.equal(found.tries.at(-1)?.ratePerSecond, 1.5625);
});
