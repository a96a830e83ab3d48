import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HybridPolicy } from './hybrid-policy.ts';
import type { ReplicaUseFacts, ScalingFacts } from './scaling-policy.ts';

const SETTINGS = {
  ...{ minReplicas: 1, maxReplicas: 8, targetCpuPercent: 70, targetMemoryPercent: undefined },
  ...{ targetInFlight: 0.7, downWindowMs: 60_000, downEveryMs: 10_000 },
};

/** A version that is as busy as `rate` requests of 100 ms per ms make it. */
function facts(now: number, rate: number, some: Partial<ScalingFacts> = {}): ScalingFacts {
  return {
    ...{ now, wanted: 1, ready: 1, coming: 0, draining: 0 },
    arrivals: { rate60s: rate, recent: [], dispersion: 1, slope: 0 },
    service: { rowMs: 100, bestRowMs: 100, bestRows: 1, variation: 1, waitBudgetMs: 200 },
    ...{ queuedRows: 0, oldestWaitMs: 0, inFlightRows: 0, inFlightRowsNow: 0, replicas: [], startMs: 300 },
    latency: { waitMs: 0, serviceMs: 0 },
    ...some,
  };
}

function using(cpuShare: number, memoryShare?: number): ReplicaUseFacts {
  return { id: 'm/1#0', isReady: true, isEnding: false, since: 0, cpuShare, memoryShare };
}

const signalOf = (policy: HybridPolicy, given: ScalingFacts) => {
  const { replicas, winner } = policy.decide(given);
  return [winner.signal, replicas];
};

for (const [why, given, signal, replicas] of [
  ['without traffic the minimum stays', facts(0, 0), 'minimum', 1],
  ['a rate needs replicas for its objective', facts(0, 0.02), 'objective', 4],
  [
    'without an objective the rate needs replicas that are not too busy',
    facts(0, 0.02, { service: { ...facts(0, 0).service, waitBudgetMs: undefined } }),
    'utilization',
    3,
  ],
  [
    'a queue that is old asks for what works it off',
    facts(0, 0, { queuedRows: 40, oldestWaitMs: 150 }),
    'queue',
    4,
  ],
  ['a busy CPU asks for a replica, whatever the rate says', facts(0, 0, { replicas: [using(1)] }), 'cpu', 2],
  [
    'a CPU that is busy with small batches does not',
    facts(0, 0, { replicas: [using(1)], service: { ...facts(0, 0).service, rowMs: 500, bestRows: 8 } }),
    'minimum',
    1,
  ],
  [
    'memory asks for none unless the settings say so',
    facts(0, 0, { replicas: [using(0, 0.99)] }),
    'minimum',
    1,
  ],
  [
    'requests in flight ask for replicas where no objective limits their wait',
    facts(0, 0, { inFlightRows: 3, service: { ...facts(0, 0).service, waitBudgetMs: undefined } }),
    'in flight',
    5,
  ],
  [
    'a jump counts at once where it is no noise',
    facts(0, 0.0005, {
      arrivals: { ...facts(0, 0.0005).arrivals, recent: [{ windowMs: 1_000, rate: 0.05 }] },
    }),
    'objective',
    7,
  ],
  [
    'a jump that may be noise does not',
    facts(0, 0.0005, {
      arrivals: { ...facts(0, 0.0005).arrivals, recent: [{ windowMs: 1_000, rate: 0.005 }] },
    }),
    'minimum',
    1,
  ],
  [
    'where replicas start slowly, a trend counts',
    facts(0, 0.02, {
      startMs: 30_000,
      service: { ...facts(0, 0).service, waitBudgetMs: undefined },
      arrivals: { ...facts(0, 0.02).arrivals, slope: 0.02 / 60_000 },
    }),
    'trend',
    5,
  ],
  [
    'what has not run yet asks for nothing',
    facts(0, 9, { service: { ...facts(0, 0).service, bestRowMs: undefined } }),
    'minimum',
    1,
  ],
] as const) {
  test(why, () => {
    assert.deepEqual(signalOf(new HybridPolicy(SETTINGS), given), [signal, replicas]);
  });
}

test('replicas go one at a time, so far apart as the settings say', () => {
  const policy = new HybridPolicy({ ...SETTINGS, downWindowMs: 0 });
  let present = 4;
  const goneAt: number[] = [];
  for (let now = 0; now <= 40_000; now += 1_000) {
    const { replicas } = policy.decide(facts(now, 0, { wanted: present, ready: present }));
    if (replicas < present) goneAt.push(now);
    present = replicas;
  }
  assert.deepEqual(goneAt, [0, 10_000, 20_000]);
});

test('a policy that has just begun lets no replica go for a window', () => {
  const policy = new HybridPolicy(SETTINGS);
  const at = (now: number) => policy.decide(facts(now, 0, { wanted: 4, ready: 4 })).replicas;
  assert.deepEqual([at(5_000), at(64_999), at(65_000)], [4, 4, 3]);
});

test('replicas that are not measured yet do not multiply the CPU of one that is', () => {
  const given = facts(0, 0, { wanted: 6, ready: 6, replicas: [using(1)] });
  assert.equal(new HybridPolicy(SETTINGS).decide(given).replicas, 6);
});

test('a replica that is ejected or restarts is not given up: the wanted number is held', () => {
  const policy = new HybridPolicy(SETTINGS);
  policy.decide(facts(0, 0.02, { wanted: 4, ready: 4 }));
  assert.equal(policy.decide(facts(10_000, 0, { wanted: 4, ready: 3 })).replicas, 4);
});

test('memory asks for replicas where the settings say so', () => {
  const policy = new HybridPolicy({ ...SETTINGS, targetMemoryPercent: 80 });
  assert.deepEqual(signalOf(policy, facts(0, 0, { replicas: [using(0, 0.96)] })), ['memory', 2]);
});

test('a limit is told', () => {
  const { replicas, limit } = new HybridPolicy(SETTINGS).decide(facts(0, 1));
  assert.deepEqual([replicas, limit], [8, 'maxReplicas is 8']);
});

test('whatever happens: within the bounds, down by one, not soon after another change', () => {
  const step = fc.record({
    rate: fc.double({ min: 0, max: 0.1, noNaN: true }),
    burst: fc.double({ min: 0, max: 0.2, noNaN: true }),
    cpu: fc.double({ min: 0, max: 1, noNaN: true }),
    oldestWaitMs: fc.integer({ min: 0, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
      const [policy, twin] = [new HybridPolicy(SETTINGS), new HybridPolicy(SETTINGS)];
      let [now, present, upAt, downAt] = [0, 1, 0, Number.NEGATIVE_INFINITY];
      for (const { rate, burst, cpu, oldestWaitMs } of steps) {
        now += 3_000;
        const given = facts(now, rate, {
          ...{
            wanted: present,
            ready: present,
            queuedRows: oldestWaitMs / 10,
            oldestWaitMs,
            replicas: [using(cpu)],
          },
          arrivals: { ...facts(0, rate).arrivals, recent: [{ windowMs: 1_000, rate: burst }] },
        });
        const decision = policy.decide(given);
        assert.deepEqual(twin.decide(given), decision, 'the same facts, the same decision');
        const { replicas } = decision;
        assert.ok(replicas >= SETTINGS.minReplicas && replicas <= SETTINGS.maxReplicas);
        if (replicas > present) upAt = now;
        if (replicas < present) {
          assert.equal(replicas, present - 1);
          assert.ok(now - upAt >= SETTINGS.downWindowMs, 'a replica that came is kept for the window');
          assert.ok(now - downAt >= SETTINGS.downEveryMs);
          downAt = now;
        }
        present = replicas;
      }
    }),
  );
});
