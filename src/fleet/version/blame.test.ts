import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bears, reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import type { SimulatedBatch, SimulatedResult } from '../../simulate/backends/simulated-behaviour.ts';

const GUILTY = 9;
const READY = ['ready', 'ready'];

/** Two replicas that do `result` where a batch holds the guilty input, and answer otherwise. */
function twoReplicas(result: SimulatedResult, settings: object = {}) {
  return setUp(
    { replicas: 2, ...settings },
    { result: (batch: SimulatedBatch) => (bears(batch, GUILTY) ? result : { kind: 'answer' }) },
  );
}

type Version = ReturnType<typeof setUp>;

function states({ version }: Version): string[] {
  return version.supervisor.replicas().map(({ state }) => state);
}

function processesLost({ version }: Version): number {
  return version.supervisor.replicas().reduce((sum, { restarts }) => sum + restarts, 0);
}

const CRASHES = [
  ['a fault', { kind: 'die', code: null, signal: 'SIGSEGV' }],
  ['an exit with code 3', { kind: 'die', code: 3, signal: null }],
  ['an exit with code 0', { kind: 'die', code: 0, signal: null }],
  ['a SIGKILL to itself', { kind: 'die', code: null, signal: 'SIGKILL', isTold: true }],
  ['a SIGSTOP to itself', { kind: 'stop' }],
  ['garbage on the pipe', { kind: 'garbage' }],
] as const;

for (const [what, result] of CRASHES) {
  test(`${what} in the middle of a batch costs two processes and quarantines the input`, () => {
    const it = twoReplicas(result);
    it.submit(0, { mark: GUILTY });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(0)), 'POISON_INPUT');
    assert.equal(processesLost(it), 2);
    it.submit(1, { mark: GUILTY });
    assert.equal(reasonOf(it.outcomes.get(1)), 'DENIED_INPUT');
  });
}

test('however many inputs end replicas, the model is not given up, nor its restarts held up', () => {
  const it = twoReplicas({ kind: 'die', code: 3, signal: null });
  for (let id = 0; id < 20; id++) {
    it.submit(id, { mark: GUILTY, width: 1 + id });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(id)), 'POISON_INPUT');
    assert.deepEqual(states(it), READY);
  }
  assert.equal(processesLost(it), 40);
  assert.equal(it.version.state, 'ready');
});

test('nor when their callers are gone before anything ends; such an input runs alone when it comes again', () => {
  const it = twoReplicas({ kind: 'die', code: 3, signal: null });
  for (let id = 0; id < 20; id++) {
    it.submit(id, { mark: GUILTY, width: 1 + id, timeoutMs: 3 });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(id)), 'DEADLINE_RUNNING');
    assert.deepEqual(states(it), READY);
  }
  it.submit(20, { mark: GUILTY, width: 7 });
  it.clock.advance(100);
  assert.equal(reasonOf(it.outcomes.get(20)), 'POISON_INPUT');
  assert.equal(processesLost(it), 21);
});

test('an innocent that ran when a caller had gone is cleared by its next answer', () => {
  const it = setUp({ replicas: 1 });
  it.submit(0, { timeoutMs: 3 });
  it.clock.advance(4);
  it.spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
  it.clock.advance(100);
  const { suspects } = it.version.path.quarantine;
  assert.equal(suspects.size, 1);
  it.submit(1);
  it.clock.advance(100);
  assert.equal(reasonOf(it.outcomes.get(1)), 'ok');
  assert.equal(suspects.size, 0);
});

test('a model that ends whatever it runs, and every other time answers, is given up: no input is to blame', () => {
  let runs = 0;
  const it = setUp(
    { replicas: 1 },
    { result: () => (runs++ % 2 === 0 ? { kind: 'die', code: 1, signal: null } : { kind: 'answer' }) },
  );
  for (let id = 0; id < 7; id++) {
    it.submit(id);
    it.clock.advance(70_000 / 7);
  }
  assert.equal(it.version.state, 'failed');
  assert.match(it.version.failure, /processes in a row ended before they were healthy/);
  assert.equal(it.version.path.quarantine.denied.size, 0);
});

test('what waits and holds the same as a quarantined input is refused with it', () => {
  const it = setUp(
    { replicas: 1, batching: { maxBatchSize: 1 } },
    {
      result: (batch: SimulatedBatch) =>
        bears(batch, GUILTY) ? { kind: 'die', code: 0, signal: null } : { kind: 'answer' },
    },
  );
  for (let id = 0; id < 5; id++) it.submit(id, { mark: id === 3 ? 1 : GUILTY });
  it.clock.advance(200);
  const reasons = [0, 1, 2, 3, 4].map((id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(reasons, ['POISON_INPUT', 'DENIED_INPUT', 'DENIED_INPUT', 'ok', 'DENIED_INPUT']);
  assert.equal(processesLost(it), 2);
});

test('a SIGKILL that nothing explains is retried for nothing, then alone, and provesInput at the second time alone', () => {
  const it = twoReplicas({ kind: 'die', code: null, signal: 'SIGKILL' });
  it.submit(0, { mark: GUILTY });
  it.clock.advance(200);
  assert.equal(reasonOf(it.outcomes.get(0)), 'POISON_INPUT');
  assert.equal(processesLost(it), 4);
});

test('where replicas that run nothing are killed too, no such end provesInput', () => {
  const it = twoReplicas({ kind: 'die', code: null, signal: 'SIGKILL' }, { timeoutMs: 60_000 });
  it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  it.clock.advance(10);
  it.submit(0, { mark: GUILTY });
  it.clock.advance(1_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'REPLICA_LOST');
  assert.equal(processesLost(it), 1 + 7);
  assert.equal(it.version.path.quarantine.denied.size, 0);
});

test('an input that hangs until its time has passed, alone, is refused afterwards; one that is slow never is', () => {
  const it = twoReplicas({ kind: 'hang' }, { timeoutMs: 20_000 });
  it.submit(0, { mark: GUILTY });
  it.clock.advance(60_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'DEADLINE_RUNNING');
  it.submit(1, { mark: GUILTY });
  it.clock.advance(60_000);
  it.submit(2, { mark: GUILTY });
  it.clock.advance(60_000);
  assert.equal(reasonOf(it.outcomes.get(2)), 'DENIED_INPUT');
  assert.equal(processesLost(it), 2);
  assert.deepEqual(states(it), READY);

  const slow = twoReplicas(
    { kind: 'hang' },
    { health: { watchdogMs: 1_000, readiness: { enabled: false } } },
  );
  for (const id of [0, 1, 2]) {
    slow.submit(id, { mark: GUILTY });
    slow.clock.advance(10_000);
    assert.equal(reasonOf(slow.outcomes.get(id)), 'DEADLINE_RUNNING');
  }
  assert.equal(slow.version.path.quarantine.denied.size, 0);
});

test('an error after the answer replaces the replica, is told with its stack, and is held against nothing that runs', () => {
  const LATE = 5;
  const it = setUp(
    { replicas: 1, batching: { maxBatchSize: 1 } },
    {
      serviceMs: () => 10,
      result: (batch: SimulatedBatch) =>
        bears(batch, LATE) ? { kind: 'late error', afterMs: 4 } : { kind: 'answer' },
    },
  );
  const told: string[] = [];
  it.version.supervisor.lateError.on(({ replica, stack }) => told.push(`${replica} ${stack}`));
  for (let round = 0; round < 20; round++) {
    const [guilty, innocent] = [2 * round, 2 * round + 1];
    it.submit(guilty, { mark: LATE });
    it.submit(innocent);
    it.clock.advance(3_000);
    assert.equal(reasonOf(it.outcomes.get(guilty)), 'ok');
    assert.equal(reasonOf(it.outcomes.get(innocent)), 'ok');
  }
  assert.equal(told.length, 20);
  assert.equal(told[0], 'm/1#0 Error: late');
  assert.equal(processesLost(it), 20);
  assert.deepEqual(states(it), ['ready']);
  const { denied, suspects } = it.version.path.quarantine;
  assert.deepEqual([denied.size, suspects.size], [0, 0]);
});
