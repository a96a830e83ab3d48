import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bears, reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import { flatten } from '../../tensor/segments.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { placementsOf } from './version-spec.ts';

const CHECKED = { warmup: { enabled: true, budgetMs: 500 }, batching: { maxBatchSize: 4 } };
const READINESS = { periodMs: 1000, timeoutMs: 200, restartAfterMs: 10_000, goldenEvery: 3 };

function stateOf({ version }: ReturnType<typeof setUp>, index: number): string {
  return version.supervisor.replicas()[index]?.state ?? 'gone';
}

/** The bytes of an answer, changed. */
function wrong(inputs: Parameters<typeof bears>[0]['inputs']) {
  return inputs.map((input) => ({ ...input, data: bytesOf(flatten(input.data).map((byte) => byte ^ 0xff)) }));
}

test('an idle replica is checked; a replica whose batches succeed is checked seldom or never', () => {
  const it = setUp({ ...CHECKED, health: { readiness: { ...READINESS, goldenEvery: 12 } } });
  const results = new Map<string, number>();
  it.version.health.prober.probed.on(({ result }) => results.set(result, (results.get(result) ?? 0) + 1));
  it.clock.advance(10_000);
  assert.ok((results.get('passed') ?? 0) >= 7, JSON.stringify([...results]));
  assert.equal(results.get('evidence'), undefined);
  results.clear();
  for (let at = 0; at < 12_000; at += 100) {
    it.submit(at);
    it.clock.advance(100);
  }
  assert.ok((results.get('evidence') ?? 0) >= 10, JSON.stringify([...results]));
  assert.ok((results.get('passed') ?? 0) <= 2);
});

test("checks are deferred while a long batch runs, and the replica's health is not affected", () => {
  const health = { readiness: READINESS, watchdogMs: 60_000 };
  let tookMs = 1;
  const it = setUp({ ...CHECKED, batching: { maxBatchSize: 1 }, health }, { serviceMs: () => tookMs });
  it.clock.advance(1_000);
  tookMs = 20_000;
  it.submit(0);
  it.clock.advance(15_000);
  assert.equal(stateOf(it, 0), 'ready');
  assert.equal(it.version.health.prober.lastOf('m/1#0')?.result, 'deferred');
  it.clock.advance(10_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'ok');
});

test('a replica with wrong golden outputs is first picked last, then ejected, then restarted', () => {
  let isWrong = false;
  const it = setUp(
    { ...CHECKED, replicas: 2, health: { readiness: READINESS } },
    {
      result: ({ replica, inputs }) => ({
        kind: 'answer',
        outputs: isWrong && replica === 'm/1#0' ? wrong(inputs) : inputs,
      }),
    },
  );
  it.clock.advance(2_000);
  assert.deepEqual([stateOf(it, 0), stateOf(it, 1)], ['ready', 'ready']);
  isWrong = true;
  it.clock.advance(1_500);
  assert.equal(stateOf(it, 0), 'degraded');
  it.clock.advance(3_000);
  assert.equal(stateOf(it, 0), 'ejected');
  assert.match(it.version.supervisor.replicas()[0]?.reason ?? '', /other values/);
  assert.equal(it.version.isReady, true);
  it.clock.advance(12_000);
  assert.equal(it.version.supervisor.replicas()[0]?.incarnation, 2);
  it.clock.advance(6_000);
  assert.equal(stateOf(it, 0), 'failed', 'a restart has not fixed it');
});

test('a lone replica with wrong numbers is never ejected, but the version is not ready', () => {
  let isWrong = false;
  const it = setUp(
    { ...CHECKED, health: { readiness: READINESS } },
    { result: ({ inputs }) => ({ kind: 'answer', outputs: isWrong ? wrong(inputs) : inputs }) },
  );
  it.clock.advance(2_000);
  isWrong = true;
  it.clock.advance(5_000);
  assert.equal(stateOf(it, 0), 'degraded');
  assert.equal(it.version.isReady, false);
  isWrong = false;
  it.clock.advance(4_000);
  assert.equal(stateOf(it, 0), 'ready');
  assert.equal(it.version.isReady, true);
});

test('a process that was stopped as a whole quarantines no input, however long its batch takes', () => {
  const it = setUp({ replicas: 1, health: { watchdogMs: 3_000, readiness: { enabled: false } } });
  it.spawner.children.get('m/1#0')?.freeze();
  it.submit(0);
  it.clock.advance(3_100);
  it.spawner.children.get('m/1#0')?.freeze();
  it.clock.advance(10_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'ok');
  assert.equal(it.version.path.quarantine.denied.size, 0);
});

test('a check that hangs fails after its own timeout, and the watchdog ends a replica that keeps hanging', () => {
  let hangs = false;
  const it = setUp(
    { ...CHECKED, health: { readiness: READINESS, watchdogMs: 3000 } },
    { result: () => (hangs ? { kind: 'hang' } : { kind: 'answer' }) },
  );
  it.clock.advance(2_000);
  hangs = true;
  it.clock.advance(1_500);
  assert.equal(stateOf(it, 0), 'degraded');
  assert.equal(it.version.supervisor.replicas()[0]?.incarnation, 1);
  hangs = false;
  it.clock.advance(4_000);
  assert.equal(it.version.supervisor.replicas()[0]?.incarnation, 2);
});

test('five failed batches in a row eject a replica; it returns through a half-open trial, and the next ejection is longer', () => {
  const health = {
    readiness: { ...READINESS, timeoutMs: 100 },
    ejection: { baseMs: 5_000, maxTimes: 9 },
    slowStart: { windowMs: 0 },
  };
  const it = setUp(
    { ...CHECKED, replicas: 2, balancing: { strategy: 'round-robin' }, health },
    {
      result: (batch) =>
        batch.replica === 'm/1#0' && bears(batch, 7) ? { kind: 'throw', message: 'no' } : { kind: 'answer' },
    },
  );
  it.clock.advance(2_000);
  const ejectedFor: number[] = [];
  let since = 0;
  it.version.supervisor.lifecycle.moved.on(({ replica, from, to }) => {
    if (replica !== 'm/1#0') return;
    if (to === 'ejected') since = it.clock.now();
    if (from === 'ejected') ejectedFor.push(Math.round((it.clock.now() - since) / 1000));
  });
  for (let id = 0; id < 2_000; id++) {
    it.submit(id, { mark: 7 });
    it.clock.advance(10);
  }
  for (const outcomes of it.outcomes.values())
    assert.equal(reasonOf(outcomes), 'ok', 'the other replica answers');
  assert.deepEqual(ejectedFor, [5, 10]);
});

test('an input that every replica refuses does not affect the health of the replicas', () => {
  const it = setUp(
    { ...CHECKED, replicas: 2, batching: { maxBatchSize: 1 }, health: { readiness: READINESS } },
    { result: (batch) => (bears(batch, 7) ? { kind: 'refuse members', members: [0] } : { kind: 'answer' }) },
  );
  it.clock.advance(2_000);
  for (let id = 0; id < 100; id++) {
    it.submit(id, { mark: 7 });
    it.clock.advance(20);
    assert.equal(reasonOf(it.outcomes.get(id)), 'BAD_OUTPUT');
  }
  assert.deepEqual([stateOf(it, 0), stateOf(it, 1)], ['ready', 'ready']);
});

test('a replica over the soft memory limit is replaced, one at a time and without a lost request', () => {
  const rssBytes = (_: string, batches: number) => batches * 10e6;
  const health = { memory: { softLimitBytes: 500e6 }, readiness: { enabled: false } };
  const it = setUp({ replicas: 3, health }, { rssBytes, loadMs: 300 });
  let coming = 0;
  it.version.supervisor.lifecycle.moved.on(() => {
    const away = it.version.supervisor
      .replicas()
      .filter(({ state }) => state !== 'ready' && state !== 'degraded');
    coming = Math.max(coming, away.length);
  });
  for (let id = 0; id < 3_000; id++) {
    it.submit(id);
    it.clock.advance(10);
  }
  it.clock.advance(1_000);
  for (const outcomes of it.outcomes.values()) assert.equal(reasonOf(outcomes), 'ok');
  assert.equal(coming, 1);
  assert.ok(it.version.supervisor.replicas().every(({ incarnation }) => incarnation > 2));
  assert.equal(it.version.state, 'ready');
});

test('the only replica with a leaking model is replaced when it is idle, or at once over the hard limit', () => {
  let bytes = 0;
  const health = { memory: { softLimitBytes: 100, hardLimitBytes: 200 }, readiness: { enabled: false } };
  const it = setUp(
    { health, batching: { maxBatchSize: 1 } },
    { rssBytes: () => bytes, serviceMs: () => 900 },
  );
  const incarnation = () => it.version.supervisor.replicas()[0]?.incarnation;
  const keepBusy = (ms: number) => {
    for (let at = 0; at < ms; at += 450) {
      it.submit(it.outcomes.size);
      it.clock.advance(450);
    }
  };
  bytes = 150;
  keepBusy(10_000);
  assert.equal(incarnation(), 1);
  bytes = 250;
  keepBusy(2_000);
  assert.equal(
    incarnation(),
    2,
    'and not again: it has this size from its start, so a restart does not help',
  );
  bytes = 0;
  it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  it.clock.advance(60_000);
  bytes = 150;
  it.clock.advance(2_000);
  assert.equal(incarnation(), 4);
});

test('when fewer replicas are wanted, then more, a draining replica keeps its slot, and no request is lost', () => {
  const it = setUp({ replicas: 2, batching: { maxBatchSize: 1 } }, { serviceMs: () => 1_000 });
  for (const id of [0, 1]) it.submit(id);
  it.clock.advance(100);
  const { settings } = it.version.spec;
  for (const count of [1, 3]) it.version.scale(placementsOf(settings, count));
  it.clock.advance(500);
  const ids = it.version.supervisor.replicas().map(({ replica, state }) => `${replica} ${state}`);
  assert.deepEqual(ids, ['m/1#0 ready', 'm/1#2 ready', 'm/1#3 ready', 'm/1#1 draining']);
  it.clock.advance(5_000);
  assert.deepEqual(
    [0, 1].map((id) => reasonOf(it.outcomes.get(id))),
    ['ok', 'ok'],
  );
  assert.equal(it.version.path.roster.views().length, 3);
});

test('a slot that was removed leaves nothing behind: a later one of its number starts anew', () => {
  const it = setUp({ replicas: 2 });
  const { supervisor, spec } = it.version;
  const removed: string[] = [];
  supervisor.removed.on((id) => removed.push(id));
  const [one = { device: 'cpu', threads: 1 }] = placementsOf(spec.settings);
  it.version.operate('restart', 'm/1#1');
  it.clock.advance(1_000);
  assert.equal(supervisor.find('m/1#1')?.incarnation, 2);
  it.version.scale([one]);
  it.clock.advance(1_000);
  assert.deepEqual(removed, ['m/1#1']);
  it.version.scale([one, one]);
  it.clock.advance(1_000);
  assert.equal(supervisor.find('m/1#1')?.incarnation, 1);
  it.version.scale([one, { ...one, threads: 3 }]);
  it.clock.advance(1_000);
  const threads = supervisor.replicas().map(({ placement, state }) => `${placement.threads} ${state}`);
  assert.deepEqual(threads, [`${one.threads} ready`, '3 ready']);
});

test("an operator's actions, allowed and refused", () => {
  const it = setUp({ replicas: 2 });
  const { version, clock } = it;
  assert.match(version.operate('restart', 'm/1#9') ?? '', /no replica 'm\/1#9'; there are: m\/1#0, m\/1#1/);
  assert.equal(version.operate('eject', 'm/1#0'), undefined);
  assert.equal(stateOf(it, 0), 'ejected');
  assert.equal(version.operate('eject', 'm/1#1'), undefined, 'an operator may eject the last replica');
  assert.equal(stateOf(it, 1), 'ejected');
  assert.equal(version.isReady, false);
  for (const id of ['m/1#0', 'm/1#1']) version.operate('restore', id);
  clock.advance(10);
  assert.deepEqual([stateOf(it, 0), stateOf(it, 1)], ['ready', 'ready']);
  assert.match(version.operate('restore', 'm/1#0') ?? '', /not ejected by an operator/);
  assert.equal(version.operate('drain', 'm/1#0'), undefined);
  clock.advance(10);
  assert.equal(stateOf(it, 0), 'stopped');
  assert.match(version.operate('drain', 'm/1#0') ?? '', /is stopped, which allows no drain/);
  assert.equal(version.operate('restart', 'm/1#0'), undefined);
  clock.advance(10);
  assert.equal(stateOf(it, 0), 'ready');
});

test('a restored replica is in slow start: it gets smaller batches at first while another one serves', () => {
  const health = { slowStart: { windowMs: 10_000 }, readiness: { enabled: false } };
  const it = setUp({ replicas: 2, batching: { maxBatchSize: 10 }, health }, { serviceMs: () => 100 });
  it.clock.advance(1_000);
  it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  it.clock.advance(200);
  for (let id = 0; id < 400; id++) it.submit(id);
  it.clock.advance(50);
  const first = it.sent.filter(({ replica }) => replica === 'm/1#0');
  assert.equal(first[0]?.rows, 1);
  it.clock.advance(2_000);
  const later = it.sent.filter(({ replica }) => replica === 'm/1#0').at(-1);
  assert.ok((later?.rows ?? 0) > 1 && (later?.rows ?? 0) < 10, `${later?.rows}`);
});

test('a pause of the gateway affects the health of no replica', () => {
  const it = setUp(
    {
      ...CHECKED,
      replicas: 2,
      health: { readiness: READINESS, watchdogMs: 300, liveness: { periodMs: 1000, failureThreshold: 1 } },
    },
    { serviceMs: () => 100 },
  );
  it.clock.advance(2_000);
  for (let id = 0; id < 20; id++) {
    it.submit(id);
    it.clock.advance(30);
    it.clock.stall(500);
  }
  it.clock.advance(3_000);
  assert.ok(
    it.version.supervisor
      .replicas()
      .every(({ incarnation, state }) => incarnation === 1 && state === 'ready'),
  );
});

test('a model that fails every batch is not bisected without end', () => {
  const it = setUp(
    { batching: { maxBatchSize: 8, maxWaitMs: 5 } },
    { result: () => ({ kind: 'throw', message: 'broken' }) },
  );
  for (let id = 0; id < 800; id++) {
    it.submit(id);
    if (id % 8 === 7) it.clock.advance(40);
  }
  it.clock.advance(20_000);
  assert.ok(it.sent.length < 250, `${it.sent.length} runs for 100 batches`);
  for (const outcomes of it.outcomes.values()) assert.equal(reasonOf(outcomes), 'MODEL_ERROR');
});

test('a model whose dependency is down is not ready, keeps its replicas, and is ready again when the dependency is up', () => {
  let problem: string | undefined;
  const it = setUp(
    {
      health: {
        readiness: { ...READINESS, enabled: false },
        dependencies: [{ name: 'features', tcp: '127.0.0.1:1' }],
      },
    },
    {},
    { dependencies: { check: (_dependency, _timeoutMs, done) => done(problem) } },
  );
  it.clock.advance(1_000);
  assert.equal(it.version.isReady, true);
  problem = 'connection refused';
  it.clock.advance(4_000);
  assert.equal(it.version.whyNotReady, "'features' is down: connection refused");
  assert.equal(it.version.supervisor.replicas()[0]?.incarnation, 1);
  problem = undefined;
  it.clock.advance(3_000);
  assert.equal(it.version.isReady, true);
});

test('a model that runs on a device other than the setting does not serve', () => {
  const it = setUp({ device: 'cuda' });
  it.clock.advance(1_000);
  assert.equal(it.version.state, 'failed');
  assert.match(it.version.failure, /device is 'cuda', but the model runs on 'cpu'/);
  assert.equal(it.version.supervisor.replicas()[0]?.incarnation, 1, 'a retry would not help');
});

test('one of many replicas that fails far more often than the others is ejected', () => {
  let runs = 0;
  const it = setUp(
    {
      replicas: 6,
      batching: { maxBatchSize: 1 },
      balancing: { strategy: 'round-robin' },
      health: { readiness: { enabled: false }, ejection: { consecutiveFailures: 1000, baseMs: 60_000 } },
    },
    {
      serviceMs: () => 1,
      result: ({ replica }) =>
        replica === 'm/1#2' && runs++ % 3 > 0 ? { kind: 'refuse members', members: [0] } : { kind: 'answer' },
    },
  );
  for (let id = 0; id < 3_000; id++) {
    it.submit(id);
    it.clock.advance(4);
  }
  assert.deepEqual(
    it.version.supervisor.replicas().map(({ state }) => state),
    ['ready', 'ready', 'ejected', 'ready', 'ready', 'ready'],
  );
  assert.match(it.version.supervisor.replicas()[2]?.reason ?? '', /success rate \d+ %/);
  for (const outcomes of it.outcomes.values()) assert.equal(reasonOf(outcomes), 'ok');
});

test('without a known input nothing is checked or deferred, and the replica stays ready', () => {
  const it = setUp(
    { warmup: { enabled: true }, health: { readiness: READINESS } },
    { result: () => ({ kind: 'throw', message: 'not this one' }) },
  );
  it.clock.advance(30_000);
  assert.equal(stateOf(it, 0), 'ready');
  assert.equal(it.version.health.prober.lastOf('m/1#0')?.result, 'none');
  assert.equal(it.version.health.prober.hasBeenPutOff('m/1#0'), false);
});

test('wrong numbers count against a replica until the golden input is answered correctly, whatever batches succeed', () => {
  let isWrong = false;
  const it = setUp(
    { ...CHECKED, replicas: 2, health: { readiness: READINESS } },
    {
      result: ({ inputs }) => ({ kind: 'answer', outputs: isWrong ? wrong(inputs) : inputs }),
    },
  );
  it.clock.advance(2_000);
  isWrong = true;
  let id = 0;
  const conditions = () => it.version.health.conditions.conditionsOf('m/1#0').map(({ cause }) => cause);
  for (let at = 0; at < 30_000 && !conditions().includes('golden'); at += 100) {
    it.submit(id++);
    it.clock.advance(100);
  }
  assert.deepEqual(conditions(), ['golden']);
  // Traffic alone does not clear it.
  const { prober } = it.version.health;
  const before = prober.lastOf('m/1#0')?.at ?? 0;
  for (let at = 0; at < 400; at += 100) {
    it.submit(id++);
    it.clock.advance(100);
    const last = prober.lastOf('m/1#0');
    if (last !== undefined && last.at > before && last.result === 'passed') break;
    assert.ok(conditions().includes('golden'));
  }
});
