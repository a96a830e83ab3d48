import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import { isRefusal, type Refusal, retryAfterMsOf } from '../../base/errors.ts';
import { Entry } from '../../work/entry.ts';

const LATENCY_MS = 60;

/** A version that has learned its service times. */
function warmedUp(settings: object = {}, behaviour: Parameters<typeof setUp>[1] = {}) {
  const version = setUp({ objective: { latencyMs: LATENCY_MS }, ...settings }, behaviour);
  let id = 1_000_000;
  for (let round = 0; round < 40; round++) {
    for (let request = 0; request <= round % 8; request++) version.submit(id++);
    version.clock.advance(100);
  }
  version.outcomes.clear();
  return version;
}

test('every admitted request is answered in time, as long as batches take their predicted time', () => {
  const bursts = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 40 }), count: fc.integer({ min: 1, max: 60 }) }),
    {
      minLength: 5,
      maxLength: 15,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(bursts, fc.integer({ min: 1, max: 3 }), (them, replicas) => {
      const { clock, version, submit, outcomes } = warmedUp({ replicas });
      const exempt = new Set<number>();
      version.path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
        if (isRefusal(outcome) || entry.isExploration) return;
        assert.ok(settledAt - entry.receivedAt <= LATENCY_MS + 1e-6, `${settledAt - entry.receivedAt} ms`);
      });
      let id = 0;
      for (const { afterMs, count } of them) {
        clock.advance(afterMs);
        for (let request = 0; request < count; request++) {
          const entry = submit(id++);
          if (entry instanceof Entry && entry.isExploration) exempt.add(entry.id);
        }
      }
      clock.advance(10_000);
      for (const [request, answers] of outcomes) assert.equal(answers.length, 1, `${request}`);
      assert.equal(version.path.service.inFlight, 0);
      const reasons = new Set([...outcomes.values()].map(reasonOf));
      for (const reason of reasons)
        assert.ok(['ok', 'PREDICTED_LATE', 'DROPPED_LATE'].includes(reason), reason);
      assert.ok([...outcomes.values()].some((answers) => reasonOf(answers) === 'ok'));
    }),
    { numRuns: 60 },
  );
});

test('wrong predictions are corrected: one request a second is admitted regardless and shows the real time', () => {
  let slowness = 1;
  const { clock, submit, outcomes } = warmedUp({}, { serviceMs: ({ rows }) => slowness * (5 + rows) });
  slowness = 20;
  let id = 0;
  const load = (ms: number) => {
    const from = id;
    for (let passed = 0; passed < ms; passed += 4) {
      submit(id++);
      clock.advance(4);
    }
    return Array.from({ length: id - from }, (_, index) => reasonOf(outcomes.get(from + index)));
  };
  load(4_000);
  slowness = 1;
  load(15_000);
  const healed = load(2_000);
  const good = healed.filter((reason) => reason === 'ok').length;
  assert.ok(good > 0.9 * healed.length, `${good} of ${healed.length}`);
});

test('a refusal has a retry-after between 1 s and 45 s, different for each client', () => {
  const { submit } = warmedUp();
  const retries = Array.from({ length: 2_000 }, (_, id) => submit(id)).flatMap((it) =>
    'reason' in it ? [it.retryAfterMs ?? 0] : [],
  );
  assert.ok(retries.length > 100);
  for (const ms of retries) assert.ok(ms >= 1_000 && ms <= 45_000, `${ms}`);
  assert.ok(new Set(retries).size > 50);
});

test('without an objective no request is refused for want of time', () => {
  const { clock, submit, outcomes } = setUp({});
  for (let id = 0; id < 1_000; id++) submit(id);
  clock.advance(20_000);
  assert.deepEqual([...new Set([...outcomes.values()].map(reasonOf))], ['ok']);
});

test('a displaced request is refused as displaced, and the urgent one is answered', () => {
  const settings = { queue: { maxRows: 8 }, batching: { maxBatchSize: 1 } };
  const { clock, submit, outcomes } = setUp(settings);
  for (let id = 0; id < 9; id++) submit(id, { priority: 2 });
  submit(9, { priority: 1 });
  assert.equal(reasonOf(outcomes.get(8)), 'DISPLACED');
  submit(10, { priority: 2 });
  assert.equal(reasonOf(outcomes.get(10)), 'QUEUE_FULL');
  clock.advance(1_000);
  assert.equal(reasonOf(outcomes.get(9)), 'ok');
});

test('a request whose own rows cannot meet the objective is refused with the numbers and without retry-after', () => {
  // Rows depend on each other: they cannot be split into several requests.
  const { clock, submit, outcomes } = warmedUp({ batching: { rows: undefined, maxBatchSize: 1 } });
  let id = 0;
  const ask = (rows: number) => {
    submit(id, { rows });
    clock.advance(500);
    return outcomes.get(id++)?.[0];
  };
  for (let round = 0; round < 6; round++) for (const rows of [8, 16, 32, 64]) ask(rows);
  const refusal = ask(100) as Refusal;
  assert.equal(refusal.reason, 'BATCH_TOO_LARGE');
  assert.match(refusal.message, /100 rows take 10\d ms on an idle replica, and the objective is 60 ms/);
  assert.equal(retryAfterMsOf(refusal), undefined);
  const most = Number(/at most (\d+) rows/.exec(refusal.message)?.[1]);
  assert.ok(most >= 45 && most <= 56, `${most}`);
  assert.equal(reasonOf([ask(40) as Refusal]), 'ok');
  clock.advance(10_000);
  // The known time may be wrong, so one runs now and then.
  assert.equal(reasonOf([ask(100) as Refusal]), 'ok');
  assert.equal(reasonOf([ask(100) as Refusal]), 'BATCH_TOO_LARGE');
});
