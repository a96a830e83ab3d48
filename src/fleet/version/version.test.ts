import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasonOf, type Sent, setUp } from '../../../test/support/simulated-version.ts';
import { RANK } from '../../base/clock.ts';
import { STRATEGIES } from '../../config/balancing-settings.ts';
import { flatten } from '../../tensor/segments.ts';
import { Entry } from '../../work/entry.ts';

const traffic = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 200 }),
    rows: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 2 }),
    cancelAfterMs: fc.option(fc.integer({ min: 0, max: 60 })),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 80 })),
  }),
  { maxLength: 60, size: 'max' },
);

test('every request is answered once, in order within its lane, in batches within limits, for any arrivals', () => {
  const settings = fc.record({
    maxBatchSize: fc.integer({ min: 4, max: 9 }),
    maxWaitMs: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    maxRows: fc.integer({ min: 10, max: 60 }),
    replicas: fc.integer({ min: 1, max: 3 }),
    credits: fc.integer({ min: 1, max: 2 }),
    strategy: fc.constantFrom(...STRATEGIES),
    killAtMs: fc.option(fc.integer({ min: 1, max: 150 })),
  });
  fc.assert(
    fc.property(traffic, settings, (arrivals, it) => {
      const { clock, version, spawner, sent, outcomes, submit } = setUp(
        {
          replicas: it.replicas,
          batching: { maxBatchSize: it.maxBatchSize, maxWaitMs: it.maxWaitMs },
          queue: { maxRows: it.maxRows },
          balancing: { strategy: it.strategy },
        },
        { credits: it.credits },
      );
      arrivals.forEach(({ atMs, rows, width, cancelAfterMs, timeoutMs }, id) => {
        const arrive = () => {
          const entry = submit(id, { rows, width, timeoutMs: timeoutMs ?? undefined });
          if (cancelAfterMs === null || !(entry instanceof Entry)) return;
          clock.at(clock.now() + cancelAfterMs, () => version.cancel(entry), RANK.cancel);
        };
        clock.at(atMs, arrive, RANK.arrival);
      });
      if (it.killAtMs !== null)
        clock.at(it.killAtMs, () => spawner.children.get('m/1#0')?.end(null, 'SIGKILL'));
      clock.runUntil(100_000);

      for (const [id, answers] of outcomes)
        assert.equal(answers.length, 1, `request ${id} has ${answers.length} outcomes`);
      assert.equal(version.path.service.inFlight, 0);
      assert.equal(version.path.queue.rows, 0);
      assert.equal(version.path.queue.bytes, 0);
      assert.deepEqual([...version.path.queue.lanes()], [], 'an empty lane remains');
      for (const { rows, ids } of sent) {
        assert.ok(ids.length > 0, 'an empty batch');
        assert.ok(rows <= it.maxBatchSize, `${rows} rows`);
        assert.equal(new Set(ids.map((id) => arrivals[id]?.width)).size, 1, 'lanes mixed');
      }
      if (it.killAtMs === null) assertOrder(sent, arrivals);
    }),
    { numRuns: 300 },
  );
});

function assertOrder(sent: readonly Sent[], arrivals: readonly { atMs: number; width: number }[]): void {
  for (const width of [1, 2]) {
    const ids = sent.flatMap((batch) => batch.ids).filter((id) => arrivals[id]?.width === width);
    assert.equal(new Set(ids).size, ids.length, 'a request ran twice');
    const key = (id: number) => (arrivals[id]?.atMs ?? 0) * 1000 + id;
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => key(a) - key(b)),
    );
  }
}

test('a request whose client leaves while it waits never runs', () => {
  const { clock, version, sent, submit, outcomes } = setUp({ batching: { maxBatchSize: 1 } });
  submit(0);
  const second = submit(1);
  assert.ok(second instanceof Entry);
  clock.advance(1);
  version.cancel(second);
  clock.runUntil(1000);
  assert.deepEqual(
    sent.map(({ ids }) => ids),
    [[0]],
  );
  assert.equal(reasonOf(outcomes.get(1)), 'CANCELLED');
});

test('requests on a replica that dies run once more on another one', () => {
  const { clock, spawner, sent, submit, outcomes } = setUp({ replicas: 2, batching: { maxBatchSize: 4 } });
  for (const id of [0, 1, 2, 3]) submit(id);
  clock.advance(1);
  const first = sent[0]?.replica ?? '';
  spawner.children.get(first)?.end(null, 'SIGKILL');
  clock.runUntil(1000);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[1]?.ids, [0, 1, 2, 3]);
  assert.notEqual(sent[1]?.replica, first);
  for (const id of [0, 1, 2, 3]) assert.equal(reasonOf(outcomes.get(id)), 'ok');
});

test('an input that ends two replicas is quarantined and then refused; another input is not', () => {
  const { clock, spawner, sent, submit, outcomes } = setUp({ replicas: 1 });
  submit(0);
  clock.advance(1);
  for (let life = 0; life < 2; life++) {
    spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
    clock.advance(1);
  }
  clock.runUntil(10_000);
  assert.equal(sent.length, 2);
  assert.equal(reasonOf(outcomes.get(0)), 'POISON_INPUT');
  submit(1, { width: 2 });
  submit(2);
  clock.runUntil(20_000);
  assert.equal(reasonOf(outcomes.get(1)), 'ok');
  assert.equal(reasonOf(outcomes.get(2)), 'DENIED_INPUT');
});

test('requests wait for the only replica while it restarts', () => {
  const { clock, spawner, submit, outcomes } = setUp({ replicas: 1 }, { loadMs: 50 });
  spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  clock.advance(1);
  submit(0);
  clock.advance(20);
  assert.equal(reasonOf(outcomes.get(0)), 'none');
  clock.advance(60);
  assert.equal(reasonOf(outcomes.get(0)), 'ok');
});

test('the second credit takes only a full batch, and only while no replica is idle', () => {
  const { clock, sent, submit } = setUp({ replicas: 2, batching: { maxBatchSize: 2 } }, { credits: 2 });
  for (const id of [0, 1, 2, 3, 4, 5, 6]) submit(id);
  clock.advance(0);
  const replicas = sent.map(({ replica }) => replica);
  assert.notEqual(replicas[0], replicas[1], 'idle replicas come first');
  assert.deepEqual(
    sent.map(({ ids }) => ids),
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
    'the remaining one stays in the queue',
  );
  clock.runUntil(1000);
  assert.deepEqual(
    sent.map(({ ids }) => ids),
    [[0, 1], [2, 3], [4, 5], [6]],
  );
});

test('a deadline that passes in the queue and one that passes while running have different reasons', () => {
  const { clock, submit, outcomes } = setUp({ batching: { maxBatchSize: 1 } }, { serviceMs: () => 50 });
  submit(0, { timeoutMs: 20 });
  submit(1, { timeoutMs: 20 });
  clock.advance(20);
  assert.equal(reasonOf(outcomes.get(0)), 'DEADLINE_RUNNING');
  assert.equal(reasonOf(outcomes.get(1)), 'DEADLINE_QUEUED');
});

test('a request that waits for a replica as long as the queue allows is refused, and one that runs is not', () => {
  const { clock, version, submit, outcomes } = setUp(
    { batching: { maxBatchSize: 1 }, queue: { timeoutMs: 20 } },
    { serviceMs: () => 50 },
  );
  submit(0, {});
  submit(1, {});
  clock.advance(15);
  submit(2, {});
  clock.advance(5);
  assert.equal(reasonOf(outcomes.get(1)), 'DROPPED_LATE');
  assert.equal(outcomes.get(2)?.length ?? 0, 0);
  clock.advance(15);
  assert.equal(reasonOf(outcomes.get(2)), 'DROPPED_LATE');
  submit(3, {});
  clock.advance(15);
  assert.equal(reasonOf(outcomes.get(0)), 'ok');
  clock.advance(100);
  assert.equal(reasonOf(outcomes.get(3)), 'ok');
  assert.equal(version.path.service.inFlight, 0);
});

for (const [why, options, reason] of [
  ['more rows than a request may have', { rows: 5 }, 'BATCH_TOO_LARGE'],
  ['no rows', { rows: 0 }, 'INVALID_INPUT'],
] as const) {
  test(`${why} are refused with ${reason}`, () => {
    const { submit, outcomes } = setUp({ queue: { maxRequestRows: 4 } });
    submit(0, options);
    assert.equal(reasonOf(outcomes.get(0)), reason);
  });
}

test('queue limits count rows and bytes', () => {
  const { submit, outcomes, clock } = setUp({
    batching: { maxBatchSize: 2, maxWaitMs: 1000 },
    queue: { maxRows: 3, maxBytes: 1000 },
  });
  for (const id of [0, 1, 2, 3]) submit(id, { width: id + 1 });
  assert.equal(reasonOf(outcomes.get(3)), 'QUEUE_FULL');
  clock.runUntil(5000);
  submit(4, { width: 1001 });
  assert.equal(reasonOf(outcomes.get(4)), 'QUEUE_FULL');
});

test('waiting requests are refused at once when the last replica has failed', () => {
  const { clock, spawner, submit, outcomes } = setUp(
    { health: { restart: { maxFailures: 2 } } },
    { loadMs: 50 },
  );
  spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
  clock.advance(1);
  submit(0);
  spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
  clock.advance(1);
  assert.equal(reasonOf(outcomes.get(0)), 'MODEL_FAILED');
});

test('a crash loop ends in failure, and successful warmup runs do not count as recovery', () => {
  const { clock, version, spawner } = setUp({ health: { restart: { maxFailures: 3 } } });
  for (let life = 0; life < 3; life++) {
    spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
    clock.advance(10_000);
  }
  assert.equal(version.state, 'failed');
  assert.match(version.failure, /3 processes in a row/);
});

test('a replica without heartbeats is ended and replaced', () => {
  const health = { heartbeatPeriodMs: 100, liveness: { periodMs: 1000 }, readiness: { enabled: false } };
  const { clock, version, spawner } = setUp({ health });
  clock.advance(5000);
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 1);
  spawner.children.get('m/1#0')?.freeze();
  clock.advance(2000);
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 1);
  clock.advance(2100);
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 2);
  assert.equal(version.isReady, true);
});

test('a replica that does not start in time is ended and retried', () => {
  const { clock, version } = setUp({ health: { startupTimeoutMs: 50 } }, { loadMs: 80 });
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 2);
  assert.equal(version.isReady, false);
  clock.advance(0);
});

test('a request of more rows than a batch is split where rows are independent, and answered as one', () => {
  const { clock, sent, submit, outcomes } = setUp({ batching: { maxBatchSize: 4 } });
  submit(0, { rows: 10, mark: 7 });
  clock.runUntil(1_000);
  assert.deepEqual(
    sent.map(({ rows }) => rows),
    [4, 4, 2],
  );
  const [answer] = outcomes.get(0) ?? [];
  assert.ok(answer !== undefined && 'outputs' in answer);
  assert.deepEqual(answer.outputs[0]?.shape, [10, 1]);
  const [output] = answer.outputs;
  assert.ok(output !== undefined && flatten(output.data).every((byte) => byte === 7));
});

test('where rows are not independent requests run alone and unsplit, whatever their number of rows', () => {
  const { clock, sent, submit, outcomes } = setUp({ batching: { rows: 'dependent', maxBatchSize: 4 } });
  submit(0, { rows: 10 });
  submit(1, { rows: 2 });
  submit(2);
  clock.runUntil(1_000);
  assert.deepEqual(
    sent.map(({ rows }) => rows),
    [10, 2, 1],
  );
  assert.deepEqual(
    [0, 1, 2].map((id) => reasonOf(outcomes.get(id))),
    ['ok', 'ok', 'ok'],
  );
});

test('a request of more rows than may wait is refused, split or not', () => {
  for (const rows of ['independent', 'dependent']) {
    const { submit, outcomes } = setUp({ batching: { rows, maxBatchSize: 4 }, queue: { maxRows: 8 } });
    submit(0, { rows: 9 });
    assert.equal(reasonOf(outcomes.get(0)), 'BATCH_TOO_LARGE');
  }
});

test('a request without space for its last part leaves no part in the queue', () => {
  const { clock, version, submit, outcomes } = setUp(
    { batching: { maxBatchSize: 4 }, queue: { maxRows: 8 } },
    { serviceMs: () => 50 },
  );
  submit(9, { rows: 4 });
  submit(0, { rows: 3 });
  submit(1, { rows: 6 });
  assert.equal(reasonOf(outcomes.get(1)), 'QUEUE_FULL');
  assert.equal(version.path.queue.rows, 3);
  clock.runUntil(1_000);
  assert.equal(reasonOf(outcomes.get(0)), 'ok');
});

test('a lane that is always full does not keep a partial batch of another lane waiting', () => {
  const { clock, submit, sent } = setUp(
    { batching: { maxBatchSize: 2 } },
    { credits: 2, serviceMs: () => 10 },
  );
  let id = 100;
  const flood = () => {
    for (let count = 0; count < 4; count++) submit(id++);
    if (clock.now() < 200) clock.at(clock.now() + 5, flood, RANK.arrival);
  };
  flood();
  clock.advance(1);
  submit(0, { width: 2 });
  clock.advance(60);
  assert.ok(
    sent.some(({ ids }) => ids.includes(0)),
    'the single request still waits',
  );
  clock.runUntil(100_000);
});

test('retries go before new work, also while every replica is busy', () => {
  const { clock, spawner, submit, sent } = setUp(
    { replicas: 2, batching: { maxBatchSize: 2 } },
    { credits: 2, serviceMs: () => 10, loadMs: 500 },
  );
  for (let id = 0; id < 60; id++) submit(id);
  clock.advance(1);
  const victim = sent[0];
  spawner.children.get(victim?.replica ?? '')?.end(null, 'SIGKILL');
  clock.advance(40);
  const again = sent.filter(({ ids }) => ids.some((id) => victim?.ids.includes(id)));
  assert.equal(again.length, 2, 'its requests have not run again');
  clock.runUntil(10_000);
});
