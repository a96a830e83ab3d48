import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { learned } from '../../../test/support/curves.ts';
import { entryWith } from '../../../test/support/entries.ts';
import { type MarginFacts, NO_MARGIN } from '../../batching/margin.ts';
import { SloPolicy } from '../../batching/slo-policy.ts';
import { Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import type { Priority } from '../../work/priority.ts';
import { RequestQueue } from '../queue/request-queue.ts';
import { TransportTime } from '../queue/transport-time.ts';
import { WaitEstimator } from './wait-estimator.ts';

const line = learned((rows) => 10 + rows);

/** Two idle replicas behind a queue with these entries. */
function forecastOf(waiting: readonly Entry[], margin: MarginFacts = NO_MARGIN) {
  const roster = new Roster();
  for (const index of [0, 1]) {
    const id = `r${index}`;
    roster.add({ id, incarnation: 0, start() {}, cancel() {}, drain() {}, kill() {} }, index, 1);
    roster.setHealthStatus(id, 'ready');
  }
  const queue = new RequestQueue({ maxRows: 10_000, maxBytes: 1e9 });
  for (const entry of waiting) queue.add(entry);
  const objective = { latencyMs: 60, percentile: 99 };
  const policy = new SloPolicy({ objective, goal: 'latency', maxBatchSize: () => 32, curveOf: () => line });
  const planOf = (lane: string) => policy.plan(lane, { replicas: roster.serving, transportMs: 0, margin });
  return new WaitEstimator({ queue, roster, transport: new TransportTime(10), margin, planOf });
}

const of = (id: number, name: string, rows = 1, priority: Priority = 2) =>
  entryWith({ id, rows, priority, tenant: { name, weight: 1 } });
const many = (count: number, name: string, priority: Priority = 2) =>
  Array.from({ length: count }, (_, id) => of(id, name, 1, priority));

test('the tenant with most of the queue waits for all of it, a new tenant only for what fairness puts first', () => {
  const waitEstimator = forecastOf(many(300, 'heavy'));
  const heavyMs = waitEstimator.answerMs(of(300, 'heavy'), 0) ?? 0;
  const newMs = waitEstimator.answerMs(of(301, 'new'), 0) ?? 0;
  assert.ok(heavyMs > 150, `${heavyMs}`);
  assert.ok(newMs < 12, `${newMs}`);
  const two = forecastOf([...many(150, 'heavy'), ...many(150, 'other')]);
  assert.ok((two.answerMs(of(400, 'heavy'), 0) ?? 0) > 150);
});

test('less urgent requests wait for more urgent ones, and not the other way round', () => {
  const waitEstimator = forecastOf(many(300, '', 2));
  const ms = ([1, 2, 3] as const).map((priority) => waitEstimator.answerMs(of(300, '', 1, priority), 0) ?? 0);
  assert.equal(ms[0], ms[1]);
  assert.equal(ms[2], 11);
});

test('nothing is predicted while less than a batch waits', () => {
  assert.equal(forecastOf([]).answerMs(of(0, ''), 0), undefined);
  assert.equal(forecastOf(many(2, '')).answerMs(of(2, ''), 0), undefined);
  assert.equal(forecastOf([]).drainMs(0), 0);
});

test('no prediction exceeds the time to run all waiting requests', () => {
  const waiting = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 8 })), {
    minLength: 20,
    maxLength: 100,
    size: 'max',
  });
  fc.assert(
    fc.property(waiting, fc.constantFrom('a', 'd'), (them, name) => {
      const waitEstimator = forecastOf(them.map(([tenant, rows], id) => of(id, tenant, rows)));
      const ms = waitEstimator.answerMs(of(1_000, name), 0);
      if (ms === undefined) return;
      assert.ok(ms <= waitEstimator.drainMs(0) + 11 + 1e-9, `${ms} of ${waitEstimator.drainMs(0)}`);
    }),
  );
});

test('the margin is added, as far as full batches still find room in the queue', () => {
  const waiting = many(100, '');
  const msWith = (ms: number) => {
    const margin = { ms, shareWithin: () => 1 };
    return forecastOf(waiting, margin).answerMs(of(100, ''), 0) ?? 0;
  };
  const plainMs = msWith(0);
  assert.ok(Math.abs(msWith(2) - plainMs - 2) < 1e-9);
  assert.ok(msWith(1_000) < plainMs + 60);
});
