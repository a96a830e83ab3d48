import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { curves, learned } from '../../test/support/curves.ts';
import { ServiceTime } from '../replica/service-time.ts';
import type { LaneView } from '../work/lane.ts';
import type { BatchFacts } from './batch-policy.ts';
import type { ServiceCurve } from './batch-target.ts';
import { NO_MARGIN } from './margin.ts';
import { SloFill } from './slo-fill.ts';
import { type Goal, SloPolicy } from './slo-policy.ts';

const LATENCY_MS = 100;
const FACTS: BatchFacts = {
  ...{ now: 1_000, isTurnEnding: true, hasIdleReplica: true, idleReplicas: 1, startAt: 1_000, replicas: 1 },
  ...{
    transportMs: 0,
    margin: NO_MARGIN,
    busyShare: () => 0.5,
    isCrowded: false,
    badShare: 0,
    shedShare: 0,
  },
};
const BEHIND = {
  hasIdleReplica: false,
  idleReplicas: 0,
  startAt: 1_010,
  transportMs: 1,
};
const line = learned((rows) => 10 + rows);
const unknown = new ServiceTime();

function policyOf(goal: Goal, curve: ServiceCurve = line, latencyMs: number | null = LATENCY_MS) {
  const objective = latencyMs === null ? undefined : { latencyMs, percentile: 99 };
  return new SloPolicy({ objective, goal, maxBatchSize: () => 64, curveOf: () => curve });
}

function lane(key: string, rows: number, receivedAt: number, dueBy = receivedAt + LATENCY_MS): LaneView {
  const next = { rows: 1, dueBy, rank: receivedAt, isExploration: false };
  return { key, rows, next, oldestReceivedAt: receivedAt, oldestId: receivedAt };
}

const lanes = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 850, max: 1_000 })), { maxLength: 4 })
  .map((them) => them.map(([rows, receivedAt], index) => lane(`${index}`, rows, receivedAt)));

test('with the goal latency an idle replica takes what waits at the end of the turn', () => {
  const settings = fc.record({
    isTurnEnding: fc.boolean(),
    idleReplicas: fc.integer({ min: 1, max: 4 }),
    isCrowded: fc.boolean(),
    badShare: fc.constantFrom(0, 0.001, 0.2),
    shedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(curves, lanes, settings, fc.boolean(), (curve, them, more, hasObjective) => {
      const policy = policyOf('latency', curve, hasObjective ? LATENCY_MS : null);
      const decision = policy.choose(them, { ...FACTS, ...more });
      if (them.length === 0) assert.deepEqual(decision, { kind: 'nothing' });
      else if (more.isTurnEnding) assert.equal(decision.kind, 'send');
      else
        assert.ok(
          decision.kind === 'send' || (decision.kind === 'wait' && decision.untilMs === 'end of turn'),
        );
    }),
    { numRuns: 300 },
  );
});

test('the lane with the least slack goes first', () => {
  fc.assert(
    fc.property(curves, lanes, (curve, them) => {
      fc.pre(them.length > 0);
      const decision = policyOf('latency', curve).choose(them.values(), FACTS);
      assert.ok(decision.kind === 'send');
      const dueToStart = ({ next, rows }: LaneView) =>
        (next?.rank ?? 0) - curve.predictMs(Math.min(rows, 64));
      const { largest } = policyOf('latency', curve).plan('', FACTS)?.target ?? { largest: 0 };
      fc.pre(largest === 64);
      assert.ok(dueToStart(decision.lane) <= Math.min(...them.map(dueToStart)) + 1e-9);
    }),
  );
});

test('within a turn only a full batch is sent, also after throws', () => {
  for (const badShare of [0, 0.001, 0.05]) {
    const facts = { ...FACTS, badShare, isTurnEnding: false };
    const policy = policyOf('latency');
    assert.deepEqual(policy.choose([lane('', 1, 1_000)], facts), { kind: 'wait', untilMs: 'end of turn' });
    assert.equal(policy.choose([lane('', 64, 1_000)], facts).kind, 'send');
  }
});

test('behind a running batch only a large enough batch is sent, also after throws', () => {
  for (const badShare of [0, 0.001, 0.05]) {
    const facts = { ...FACTS, ...BEHIND, badShare };
    const policy = policyOf('latency');
    assert.equal(policy.choose([lane('', 1, 1_000)], facts).kind, 'nothing');
    assert.equal(policy.choose([lane('', 64, 1_000)], facts).kind, 'send');
    assert.equal(policy.choose([lane('', 64, 1_000)], { ...facts, transportMs: 0 }).kind, 'nothing');
  }
});

test('more throws make smaller batches, down to single rows', () => {
  const policy = policyOf('latency');
  const rowsAt = (badShare: number) => {
    const fill = policy.fill(lane('', 64, 1_000), 64, { ...FACTS, badShare });
    let rows = 0;
    while (fill.rule({ rows: 1, dueBy: 2_000, rank: 0, isExploration: false }, 64 - rows, false) === 'take')
      rows += 1;
    return rows;
  };
  const sizes = [0, 0.005, 0.02, 0.1, 0.5].map(rowsAt);
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
  );
  assert.equal(sizes[0], 64);
  assert.equal(sizes.at(-1), 1);
});

test('efficiency waits for more rows up to the latest start', () => {
  const policy = policyOf('efficiency');
  const decision = policy.choose([lane('', 2, 1_000)], FACTS);
  assert.ok(decision.kind === 'wait' && typeof decision.untilMs === 'number');
  // Sent then, with one more row, it ends in time, and little of the time is unused.
  assert.ok(decision.untilMs + 13 <= 1_100);
  assert.ok(decision.untilMs + 13 > 1_060, `${decision.untilMs}`);
  const then = policy.choose([lane('', 2, 1_000)], { ...FACTS, now: decision.untilMs });
  assert.ok(then.kind === 'send' && then.reason === 'slack');
  const target = policy.targetRows(lane('', 2, 1_000), FACTS);
  assert.ok(target > 2);
  assert.equal(policy.choose([lane('', target, 1_000)], FACTS).kind, 'send', 'it is large enough');
});

test('a lane that waits for more rows does not delay one that has enough', () => {
  const decision = policyOf('efficiency').choose([lane('a', 1, 936), lane('b', 64, 1_000)].values(), FACTS);
  assert.ok(decision.kind === 'send' && decision.lane.key === 'b', JSON.stringify(decision));
});

test('a batch does not wait longer than its oldest request can, for any order by priority', () => {
  const oldest = policyOf('efficiency').choose([lane('', 2, 950)], FACTS);
  const younger = {
    ...lane('', 2, 950),
    next: { rows: 1, dueBy: 1_100, rank: -1_000, isExploration: false },
  };
  assert.deepEqual(policyOf('efficiency').choose([younger], FACTS), oldest);
});

test('balanced waits only while the replicas are busy; latency and an unknown curve never do', () => {
  const one = [lane('', 2, 1_000)];
  assert.equal(policyOf('balanced').choose(one, { ...FACTS, busyShare: () => 0.5 }).kind, 'send');
  assert.equal(policyOf('balanced').choose(one, { ...FACTS, busyShare: () => 0.7 }).kind, 'wait');
  assert.equal(policyOf('latency').choose(one, { ...FACTS, busyShare: () => 0.7 }).kind, 'send');
  assert.equal(policyOf('efficiency', unknown).choose(one, FACTS).kind, 'send');
});

test('without an objective or a known service time nothing is dropped', () => {
  fc.assert(
    fc.property(
      curves,
      fc.array(
        fc.record({ rows: fc.integer({ min: 1, max: 8 }), dueBy: fc.integer({ min: 0, max: 2_000 }) }),
      ),
      (curve, queue) => {
        for (const policy of [policyOf('latency', unknown), policyOf('latency', curve, null)]) {
          const fill = policy.fill(lane('', 99, 900), 64, { ...FACTS, shedShare: 1 });
          assert.ok(!(fill instanceof SloFill));
          for (const each of queue) {
            assert.notEqual(fill.rule({ ...each, rank: 0, isExploration: false }, 99, false), 'drop');
          }
        }
      },
    ),
  );
});

test('when one tenant crowds others, two batches fit into the objective one after the other', () => {
  const fill = policyOf('latency').fill(lane('', 99, 1_000), 64, { ...FACTS, isCrowded: true });
  let rows = 0;
  while (fill.rule({ rows: 1, dueBy: 1_100, rank: 0, isExploration: false }, 99 - rows, false) === 'take')
    rows += 1;
  assert.equal(rows, 40);
});
