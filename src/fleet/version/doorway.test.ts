import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../../test/support/simulated-version.ts';
import { ANONYMOUS } from '../../serving/admission/request-facts.ts';

const OBJECTIVE = { objective: { latencyMs: 100 }, queue: { maxRows: 2_000 } };

/** A version whose queue holds as much as its objective allows; more requests are predicted to be late. */
function overloaded(settings: object = OBJECTIVE) {
  const it = setUp({ batching: { maxBatchSize: 8 }, ...settings }, { serviceMs: ({ rows }) => 20 + rows });
  let id = 1_000_000;
  for (let round = 0; round < 40; round++) {
    for (let request = 0; request <= round % 8; request++) it.submit(id++);
    it.clock.advance(500);
  }
  for (let request = 0; request < 200; request++) it.submit(request);
  return it;
}

test('while a row is predicted to be late, requests are refused from their headers, all but some', () => {
  const { version, clock } = overloaded();
  const knocks: unknown[] = [];
  version.doorway.knocked.on((caller) => knocks.push(caller));
  const results = Array.from({ length: 320 }, () => version.doorway.turnAway(ANONYMOUS, 0));
  const refusals = results.filter((result) => result !== undefined);
  assert.ok(refusals.length >= 305 && refusals.length <= 312, `${refusals.length}`);
  assert.ok(refusals.every(({ reason, isPrepared }) => reason === 'PREDICTED_LATE' && isPrepared === true));
  assert.match(refusals[0]?.message ?? '', /predicted to be answered in \d+ ms, but only 100 ms are left/);
  assert.equal(knocks.length, 320, 'each is an input of the core');
  clock.advance(5_000);
  assert.equal(version.doorway.turnAway(ANONYMOUS, 0), undefined, 'the queue is empty');
});

test('refusals are counted in groups, each as soon as its answers are renewed', () => {
  const { version, clock } = overloaded();
  const groups: number[] = [];
  version.path.admission.refusedAtDoor.on(({ requests }) => groups.push(requests));
  const refusals = Array.from({ length: 100 }, () => version.doorway.turnAway(ANONYMOUS, 0)).filter(
    (result) => result !== undefined,
  );
  clock.advance(19);
  assert.deepEqual(groups, []);
  clock.advance(1);
  assert.deepEqual(groups, [refusals.length]);
  clock.advance(1_000);
  assert.equal(groups.length, 1);
});

test('the body is read of explained requests, of those with a timeout, of equal ones, and of all once one named a priority', () => {
  for (const own of [{ isExplained: true }, { timeoutMs: 50 }]) {
    assert.equal(overloaded().version.doorway.turnAway({ ...ANONYMOUS, ...own }, 0), undefined);
  }
  for (const more of [{ singleFlight: true }, { cache: { enabled: true } }]) {
    assert.equal(overloaded({ ...OBJECTIVE, ...more }).version.doorway.turnAway(ANONYMOUS, 0), undefined);
  }
  assert.equal(overloaded({ queue: { maxRows: 100 } }).version.doorway.turnAway(ANONYMOUS, 0), undefined);
  const { version, submit } = overloaded();
  assert.ok(version.doorway.turnAway(ANONYMOUS, 0) !== undefined);
  submit(1_000, { priority: 1 });
  assert.equal(version.doorway.turnAway(ANONYMOUS, 0), undefined);
});

test('the time that a request has waited in its socket counts', () => {
  const { version, submit, clock } = setUp({ ...OBJECTIVE, batching: { maxBatchSize: 8 } });
  version.doorway.delay(30.7);
  const entry = submit(1);
  assert.ok('dueBy' in entry);
  assert.deepEqual([entry.receivedAt, entry.dueBy], [clock.now() - 30, clock.now() + 70]);
  const told: number[] = [];
  version.doorway.delayed.on((ms) => told.push(ms));
  for (const ms of [30.2, 30.9, 0, 0.4, 5]) version.doorway.delay(ms);
  assert.deepEqual(told, [0, 5], 'only whole changes');
});
