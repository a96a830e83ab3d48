import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bears, reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import { RANK } from '../../base/clock.ts';
import { Entry } from '../../work/entry.ts';

const SETTINGS = { singleFlight: true, batching: { maxBatchSize: 4 } };
type Version = ReturnType<typeof setUp>;

function submitted(version: Version, id: number, more: Parameters<Version['submit']>[1] = {}): Entry {
  const entry = version.submit(id, more);
  assert.ok(entry instanceof Entry);
  return entry;
}

/** A version whose only replica is busy with another batch for 6 ms. */
function busy(settings: object = {}, behaviour: Parameters<typeof setUp>[1] = {}): Version {
  const version = setUp({ ...SETTINGS, ...settings }, behaviour);
  version.submit(1_000, { mark: 99 });
  version.clock.advance(1);
  return version;
}

const idsOf = ({ sent }: Version) => sent.map(({ ids }) => ids).slice(1);

test('equal requests run once, and each gets its answer; others run as usual', () => {
  const it = busy();
  for (const [id, mark] of [1, 1, 2, 1].entries()) it.submit(id, { mark });
  it.clock.advance(6);
  it.submit(4, { mark: 1 });
  it.clock.advance(100);
  assert.deepEqual(idsOf(it), [[0, 2]]);
  for (let id = 0; id <= 4; id++) assert.deepEqual(it.outcomes.get(id)?.length, 1);
  for (let id = 0; id <= 4; id++) assert.equal(reasonOf(it.outcomes.get(id)), 'ok');
  it.submit(5, { mark: 1 });
  it.clock.advance(100);
  assert.deepEqual(idsOf(it), [[0, 2], [5]], 'a settled request is not remembered');
});

test('when a leader leaves while it waits, the next request takes its place in the queue', () => {
  const it = busy();
  const leader = submitted(it, 0, { mark: 1 });
  it.submit(1, { mark: 2 });
  for (const id of [2, 3]) it.submit(id, { mark: 1 });
  it.version.cancel(leader);
  assert.equal(it.version.path.queue.rows, 2);
  it.submit(4, { mark: 1 });
  it.clock.advance(100);
  assert.deepEqual(idsOf(it), [[1, 2]]);
  const reasons = [0, 1, 2, 3, 4].map((id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(reasons, ['CANCELLED', 'ok', 'ok', 'ok', 'ok']);
});

test('when a leader leaves while it runs, the next request gets its answer, and then the one after that', () => {
  const it = setUp(SETTINGS);
  const entries = [0, 1, 2].map((id) => submitted(it, id, { mark: 1 }));
  it.clock.advance(1);
  it.version.cancel(entries[0] as Entry);
  it.clock.advance(1);
  it.version.cancel(entries[1] as Entry);
  it.clock.advance(100);
  assert.deepEqual(
    it.sent.map(({ ids }) => ids),
    [[0]],
  );
  const reasons = [0, 1, 2].map((id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(reasons, ['CANCELLED', 'CANCELLED', 'ok']);
});

test('when a leader leaves while it waits for a retry, the next request takes its place and its history', () => {
  const it = setUp({ ...SETTINGS, replicas: 1 }, { loadMs: 50 });
  const leader = submitted(it, 0, { mark: 1 });
  it.submit(1, { mark: 1 });
  it.clock.advance(1);
  it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  it.clock.advance(1);
  it.version.cancel(leader);
  it.clock.advance(200);
  assert.equal(reasonOf(it.outcomes.get(0)), 'CANCELLED');
  assert.equal(reasonOf(it.outcomes.get(1)), 'ok');
  assert.equal(it.version.path.service.inFlight, 0);
});

test('each request has its own deadline, whichever one leads', () => {
  const it = busy({}, { serviceMs: () => 50 });
  it.submit(0, { mark: 1, timeoutMs: 20 });
  it.submit(1, { mark: 1, timeoutMs: 70 });
  it.submit(2, { mark: 1, timeoutMs: 10 });
  it.submit(3, { mark: 1 });
  it.clock.advance(25);
  const early = [0, 1, 2, 3].map((id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(early, ['DEADLINE_QUEUED', 'none', 'DEADLINE_QUEUED', 'none']);
  it.clock.advance(50);
  assert.equal(reasonOf(it.outcomes.get(1)), 'DEADLINE_RUNNING');
  it.clock.advance(100);
  assert.equal(reasonOf(it.outcomes.get(3)), 'ok');
});

test('an urgent request does not take along equal ones that have time', () => {
  const it = setUp({ ...SETTINGS, objective: { latencyMs: 100 } }, { serviceMs: () => 20 });
  for (let id = 100; id < 110; id++) {
    it.submit(id, { mark: id });
    it.clock.advance(50);
  }
  it.submit(200, { mark: 99 });
  it.clock.advance(1);
  it.submit(0, { mark: 1 });
  it.submit(1, { mark: 1, timeoutMs: 5 });
  it.clock.advance(200);
  assert.equal(reasonOf(it.outcomes.get(1)), 'DEADLINE_QUEUED');
  assert.equal(reasonOf(it.outcomes.get(0)), 'ok');
});

test('a failure is shared with the requests that had joined, not with later ones', () => {
  const it = setUp(SETTINGS, {
    result: (batch) => (bears(batch, 7) ? { kind: 'throw', message: 'seven' } : { kind: 'answer' }),
  });
  const late: (Entry | object)[] = [];
  it.version.path.service.requestSettled.on(({ entry }) => {
    if (entry.request.id === '0') late.push(it.submit(2, { mark: 7 }));
  });
  for (const id of [0, 1]) it.submit(id, { mark: 7 });
  it.clock.advance(100);
  for (const id of [0, 1, 2]) assert.equal(reasonOf(it.outcomes.get(id)), 'MODEL_ERROR');
  assert.deepEqual(
    it.sent.map(({ ids }) => ids),
    [[0], [2]],
    'the third has run on its own',
  );
});

test('a request submitted from within an answer runs anew', () => {
  const it = setUp(SETTINGS);
  const { request } = submitted(it, 0, { mark: 1 });
  it.clock.advance(100);
  const answered: string[] = [];
  it.version.submit(request, () => {
    answered.push('first');
    it.version.submit(request, () => answered.push('second'));
  });
  it.clock.advance(100);
  assert.deepEqual(answered, ['first', 'second']);
  assert.equal(it.sent.length, 3);
});

test('a more urgent request does not join a less urgent one, and none joins one that has failed before', () => {
  const it = busy();
  it.submit(0, { mark: 1, priority: 3 });
  it.submit(1, { mark: 1, priority: 1 });
  it.submit(2, { mark: 1, priority: 4 });
  it.clock.advance(100);
  assert.deepEqual(
    new Set(idsOf(it).flat()),
    new Set([0, 1]),
    'the most urgent runs on its own, the least urgent joins it',
  );
});

const arrivals = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 120 }),
    mark: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 2 }),
    priority: fc.integer({ min: 0, max: 4 }),
    tenant: fc.constantFrom('', 'a', 'b'),
    cancelAfterMs: fc.option(fc.integer({ min: 0, max: 60 })),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 80 })),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
);
const worlds = fc.record({
  replicas: fc.integer({ min: 1, max: 3 }),
  credits: fc.integer({ min: 1, max: 2 }),
  maxRows: fc.integer({ min: 4, max: 30 }),
  killAtMs: fc.option(fc.integer({ min: 1, max: 100 })),
  throwing: fc.integer({ min: 0, max: 3 }),
  objective: fc.option(fc.record({ latencyMs: fc.integer({ min: 15, max: 80 }) }), { nil: undefined }),
});

test('every waiting request is answered exactly once, and nothing is left behind, for any sequence of events', () => {
  fc.assert(
    fc.property(arrivals, worlds, (them, { credits, killAtMs, throwing, maxRows, ...settings }) => {
      const it = setUp(
        { ...SETTINGS, ...settings, queue: { maxRows } },
        {
          credits,
          result: (batch) =>
            bears(batch, throwing || 99) ? { kind: 'throw', message: 'no' } : { kind: 'answer' },
        },
      );
      const { clock, version, outcomes } = it;
      them.forEach(({ atMs, cancelAfterMs, timeoutMs, ...more }, id) => {
        const arrive = () => {
          const entry = it.submit(id, { ...more, timeoutMs: timeoutMs ?? undefined });
          if (cancelAfterMs === null || !(entry instanceof Entry)) return;
          clock.at(clock.now() + cancelAfterMs, () => version.cancel(entry), RANK.cancel);
        };
        clock.at(atMs, arrive, RANK.arrival);
      });
      if (killAtMs !== null) clock.at(killAtMs, () => it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL'));
      clock.runUntil(100_000);
      for (const [id, answers] of outcomes)
        assert.equal(answers.length, 1, `request ${id}: ${answers.length}`);
      assert.equal(version.path.service.inFlight, 0);
      assert.equal(version.path.queue.rows, 0);
      assert.equal(version.path.queue.bytes, 0);
      assert.deepEqual([...version.path.queue.lanes()], []);
      for (const { ids, rows } of it.sent) assert.ok(ids.length > 0 && rows <= 4, `${ids}`);
    }),
    { numRuns: 300 },
  );
});
