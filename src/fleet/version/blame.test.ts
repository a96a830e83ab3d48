import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bears, reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import type { SimulatedBatch, SimulatedResult } from '../../simulate/backends/simulated-behaviour.ts';

const POISON = 9;
const READY = ['ready', 'ready'];

/** Two replicas that do `result` for a batch with the poison input, and answer otherwise. */
function twoReplicas(result: SimulatedResult, settings: object = {}) {
  return setUp(
    { replicas: 2, ...settings },
    { result: (batch: SimulatedBatch) => (bears(batch, POISON) ? result : { kind: 'answer' }) },
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
  ['a segmentation fault', { kind: 'die', code: null, signal: 'SIGSEGV' }],
  ['an exit with code 3', { kind: 'die', code: 3, signal: null }],
  ['an exit with code 0', { kind: 'die', code: 0, signal: null }],
  ['a SIGKILL to itself', { kind: 'die', code: null, signal: 'SIGKILL', isTold: true }],
  ['a SIGSTOP to itself', { kind: 'stop' }],
  ['garbage on the pipe', { kind: 'garbage' }],
] as const;

for (const [what, result] of CRASHES) {
  test(`${what} in the middle of a batch costs two processes, and the input is quarantined`, () => {
    const it = twoReplicas(result);
    it.submit(0, { mark: POISON });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(0)), 'POISON_INPUT');
    assert.equal(processesLost(it), 2);
    it.submit(1, { mark: POISON });
    assert.equal(reasonOf(it.outcomes.get(1)), 'DENIED_INPUT');
  });
}

test('inputs that end replicas neither fail the model nor delay its restarts, however many there are', () => {
  const it = twoReplicas({ kind: 'die', code: 3, signal: null });
  for (let id = 0; id < 20; id++) {
    it.submit(id, { mark: POISON, width: 1 + id });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(id)), 'POISON_INPUT');
    assert.deepEqual(states(it), READY);
  }
  assert.equal(processesLost(it), 40);
  assert.equal(it.version.state, 'ready');
});

test('nor do they when their callers leave before the end; a suspect input runs alone when it is sent again', () => {
  const it = twoReplicas({ kind: 'die', code: 3, signal: null });
  for (let id = 0; id < 20; id++) {
    it.submit(id, { mark: POISON, width: 1 + id, timeoutMs: 3 });
    it.clock.advance(100);
    assert.equal(reasonOf(it.outcomes.get(id)), 'DEADLINE_RUNNING');
    assert.deepEqual(states(it), READY);
  }
  it.submit(20, { mark: POISON, width: 7 });
  it.clock.advance(100);
  assert.equal(reasonOf(it.outcomes.get(20)), 'POISON_INPUT');
  assert.equal(processesLost(it), 21);
});

test('an input that ran while its caller left, but ended nothing, is cleared by its next answer', () => {
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

test('a model that ends on any input, and answers every other time, is given up: no input is the cause', () => {
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

test('waiting requests equal to a quarantined input are refused with it', () => {
  const it = setUp(
    { replicas: 1, batching: { maxBatchSize: 1 } },
    {
      result: (batch: SimulatedBatch) =>
        bears(batch, POISON) ? { kind: 'die', code: 0, signal: null } : { kind: 'answer' },
    },
  );
  for (let id = 0; id < 5; id++) it.submit(id, { mark: id === 3 ? 1 : POISON });
  it.clock.advance(200);
  const reasons = [0, 1, 2, 3, 4].map((id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(reasons, ['POISON_INPUT', 'DENIED_INPUT', 'DENIED_INPUT', 'ok', 'DENIED_INPUT']);
  assert.equal(processesLost(it), 2);
});

test('an unexplained SIGKILL is retried without a mark, then alone; the second end alone quarantines the input', () => {
  const it = twoReplicas({ kind: 'die', code: null, signal: 'SIGKILL' });
  it.submit(0, { mark: POISON });
  it.clock.advance(200);
  assert.equal(reasonOf(it.outcomes.get(0)), 'POISON_INPUT');
  assert.equal(processesLost(it), 4);
});

test('an unexplained SIGKILL quarantines no input where idle replicas are killed too', () => {
  const it = twoReplicas({ kind: 'die', code: null, signal: 'SIGKILL' }, { timeoutMs: 60_000 });
  it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
  it.clock.advance(10);
  it.submit(0, { mark: POISON });
  it.clock.advance(1_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'REPLICA_LOST');
  assert.equal(processesLost(it), 1 + 7);
  assert.equal(it.version.path.quarantine.denied.size, 0);
});

test('an input that runs alone past its deadline without an end is refused afterwards; a slow one never is', () => {
  const it = twoReplicas({ kind: 'hang' }, { timeoutMs: 20_000 });
  it.submit(0, { mark: POISON });
  it.clock.advance(60_000);
  assert.equal(reasonOf(it.outcomes.get(0)), 'DEADLINE_RUNNING');
  it.submit(1, { mark: POISON });
  it.clock.advance(60_000);
  it.submit(2, { mark: POISON });
  it.clock.advance(60_000);
  assert.equal(reasonOf(it.outcomes.get(2)), 'DENIED_INPUT');
  assert.equal(processesLost(it), 2);
  assert.deepEqual(states(it), READY);

  const slow = twoReplicas(
    { kind: 'hang' },
    { health: { watchdogMs: 1_000, readiness: { enabled: false } } },
  );
  for (const id of [0, 1, 2]) {
    slow.submit(id, { mark: POISON });
    slow.clock.advance(10_000);
    assert.equal(reasonOf(slow.outcomes.get(id)), 'DEADLINE_RUNNING');
  }
  assert.equal(slow.version.path.quarantine.denied.size, 0);
});

test('an error after the answer replaces the replica, is reported with its stack, and is not counted against running requests', () => {
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
    const [late, normal] = [2 * round, 2 * round + 1];
    it.submit(late, { mark: LATE });
    it.submit(normal);
    it.clock.advance(3_000);
    assert.equal(reasonOf(it.outcomes.get(late)), 'ok');
    assert.equal(reasonOf(it.outcomes.get(normal)), 'ok');
  }
  assert.equal(told.length, 20);
  assert.equal(told[0], 'm/1#0 Error: late');
  assert.equal(processesLost(it), 20);
  assert.deepEqual(states(it), ['ready']);
  const { denied, suspects } = it.version.path.quarantine;
  assert.deepEqual([denied.size, suspects.size], [0, 0]);
});
