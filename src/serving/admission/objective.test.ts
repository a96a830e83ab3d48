import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { Entry } from '../../work/entry.ts';

const arrivals = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 300 }),
    rows: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 2 }),
    priority: fc.integer({ min: 0, max: 4 }),
    tenant: fc.constantFrom('', 'a', 'b'),
    weight: fc.constantFrom(1, 3),
    cancelAfterMs: fc.option(fc.integer({ min: 0, max: 60 }), { freq: 5 }),
  }),
  { minLength: 10, maxLength: 150, size: 'max' },
);
const worlds = fc.record({
  goal: fc.constantFrom('latency' as const, 'balanced' as const, 'efficiency' as const),
  latencyMs: fc.integer({ min: 30, max: 150 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  maxRows: fc.integer({ min: 64, max: 200 }),
});

/** A version with an objective that has learned both lanes. */
function warmedUp({
  goal,
  latencyMs,
  replicas,
  maxRows,
}: typeof worlds extends fc.Arbitrary<infer T> ? T : never) {
  const it = setUp({
    ...{ goal, replicas },
    objective: { latencyMs },
    queue: { maxRows },
    batching: { maxBatchSize: 16 },
  });
  let id = 1_000_000;
  for (let round = 0; round < 40; round++) {
    const width = 1 + (round % 2);
    for (let request = 0; request <= round % 8; request++) it.submit(id++, { width });
    it.clock.advance(500);
  }
  it.sent.length = 0;
  it.outcomes.clear();
  return it;
}

test('with any goal each request is answered once, in time by the plan, in valid batches, one per replica', () => {
  fc.assert(
    fc.property(arrivals, worlds, (them, world) => {
      const it = warmedUp(world);
      const { clock, version, outcomes, sent } = it;
      const from = clock.now();
      const exemptAt: number[] = [];
      version.path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
        if (isRefusal(outcome) || entry.isExploration) return;
        assert.ok(settledAt <= entry.dueBy + 1e-6, `${settledAt - entry.dueBy} ms late`);
      });
      const running = new Set<string>();
      version.path.dispatcher.batchStarted.on(({ replica }) => {
        assert.ok(!running.has(replica.id), 'two batches on a replica with one credit');
        running.add(replica.id);
      });
      version.path.dispatcher.batchEnded.on(({ replica }) => running.delete(replica.id));
      them.forEach(({ atMs, cancelAfterMs, ...more }, id) => {
        const arrive = () => {
          const entry = it.submit(id, more);
          if (!(entry instanceof Entry)) return;
          if (entry.isExploration) exemptAt.push(clock.now());
          if (cancelAfterMs === null) return;
          clock.at(clock.now() + cancelAfterMs, () => version.cancel(entry), RANK.cancel);
        };
        clock.at(from + atMs, arrive, RANK.arrival);
      });
      clock.runUntil(from + 100_000);
      for (const [id, answers] of outcomes) assert.equal(answers.length, 1, `request ${id}`);
      assert.equal(version.path.service.inFlight, 0);
      assert.equal(version.path.queue.rows, 0);
      assert.ok(exemptAt.length <= 1, 'the whole test takes less than a second');
      for (const { ids, rows } of sent) {
        assert.ok(ids.length > 0 && rows <= 16, `${rows} rows`);
        assert.equal(new Set(ids.map((id) => them[id]?.width)).size, 1, 'lanes mixed');
      }
    }),
    { numRuns: 150 },
  );
});

test('efficiency runs fewer and larger batches than latency does, and both meet the objective', () => {
  const batches = (['latency', 'efficiency'] as const).map((goal) => {
    const it = warmedUp({ goal, latencyMs: 60, replicas: 2, maxRows: 200 });
    for (let id = 0; id < 300; id++) {
      it.clock.advance(4);
      it.submit(id);
    }
    it.clock.advance(1_000);
    for (const [id, answers] of it.outcomes) assert.equal(reasonOf(answers), 'ok', `${id}`);
    return it.sent.length;
  });
  const [quick, full] = batches as [number, number];
  assert.ok(full < 0.7 * quick, `${full} of ${quick}`);
});

test('under a long overload batches are full, and nearly the full capacity of the replicas is answered', () => {
  const it = warmedUp({ goal: 'latency', latencyMs: 60, replicas: 1, maxRows: 200 });
  const from = it.clock.now();
  for (let id = 0; id < 8_000; id++) {
    it.clock.advance(0.5);
    it.submit(id);
  }
  const rows = it.sent.reduce((sum, batch) => sum + batch.rows, 0);
  const most = ((it.clock.now() - from) * 16) / 21;
  assert.ok(rows > 0.85 * most, `${rows} of ${most}`);
});

test('a heavy tenant does not crowd out a modest one', () => {
  const it = warmedUp({ goal: 'latency', latencyMs: 80, replicas: 1, maxRows: 200 });
  const modest: number[] = [];
  for (let id = 0; id < 12_000; id++) {
    it.clock.advance(0.5);
    if (id % 40 === 0 && id > 2_000) modest.push(id);
    it.submit(id, { tenant: id % 40 === 0 ? 'modest' : 'heavy' });
  }
  it.clock.advance(1_000);
  const good = modest.filter((id) => reasonOf(it.outcomes.get(id)) === 'ok').length;
  assert.ok(good > 0.9 * modest.length, `${good} of ${modest.length}`);
});
