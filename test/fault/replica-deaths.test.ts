import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { childrenOf, isAlive, signalProcess } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { Fleet } from './support/fleet.ts';

/** The documented bound is 100 ms; a busy test machine may add to the measured time. */
const SEEN_WITHIN_MS = 250;

/** The reason code of a refusal. */
function reasonIn(body: string): string {
  return (JSON.parse(body) as { reason: string }).reason;
}

/** Prevents a process from opening file descriptors until the returned function is called. */
function limitFileDescriptors(pid: number, count: number): () => void {
  const prlimit = (value: string) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${value}:`]);
  const show = ['--pid', String(pid), '--nofile', '--noheadings', '--output=SOFT'];
  const before = execFileSync('prlimit', show).toString().trim();
  prlimit(String(count));
  return () => prlimit(before);
}

test('1: a replica that dies in the middle of a batch loses no request, and one ticket is written', async (t) => {
  const fleet = await Fleet.start(t, { replicas: 2 });
  const [faulting, killed] = fleet.pids as [number, number];

  // A crash: the requests it ran are suspects and run alone.
  fleet.order(faulting, 'segfault');
  await fleet.replaced(0);
  const [death] = await fleet.decisions('restart');
  assert.match(String(death?.facts.reason), /SIGSEGV/);
  const seenAfterMs = Date.parse(death?.time ?? '') - Number(fleet.noteOf(faulting, 'ended'));
  assert.ok(seenAfterMs < SEEN_WITHIN_MS, `${seenAfterMs} ms`);

  // A kill from outside: there are no suspects, and the batch runs again.
  fleet.order(killed, 'pause');
  await fleet.obeyed(killed);
  signalProcess(killed, 'SIGKILL');
  await fleet.replaced(1);

  const recoveries = await fleet.decisions('recovery');
  assert.deepEqual(
    recoveries.map(({ replica, facts }) => `${replica} ${facts.how}`),
    ['faulty/1#0 isolate', 'faulty/1#1 retry'],
  );
  assert.deepEqual(await fleet.decisions('quarantine'), []);
  assert.deepEqual(await fleet.alerts(), ['ReplicaRestarted']);
  await fleet.stop();
});

test('2: a replica that hangs in the middle of a batch is ended by the watchdog, and others are not affected', async (t) => {
  // Without readiness checks: the batch that hangs must hold requests, and not a check, which is not tried again.
  const fleet = await Fleet.start(t, {
    replicas: 2,
    health: ', watchdogMs: 600, readiness: {enabled: false}',
  });
  const [hanging] = fleet.pids as [number];
  fleet.order(hanging, 'hang');
  await fleet.replaced(0);
  assert.ok(!isAlive(hanging));
  const [recovery] = await fleet.decisions('recovery');
  assert.equal(recovery?.facts.how, 'isolate');

  // Requests without time for a retry are refused at their deadline, not when the watchdog fires.
  const { status, body, ms } = await fleet.ask('hang', { timeout: 300_000 });
  assert.equal(status, 504);
  assert.equal(reasonIn(body), 'DEADLINE_RUNNING');
  assert.ok(ms < 550, `${ms} ms`);
  await until('the watchdog has fired again', async () => (await fleet.decisions('restart')).length === 2);
  await fleet.allReady();
  for (const { facts } of await fleet.decisions('restart')) {
    assert.match(String(facts.reason), /a batch of \d rows ran for \d+ ms/);
  }
  // No request was left to retry, so no third process ends.
  await fleet.answered(50);
  assert.equal((await fleet.decisions('restart')).length, 2);
  await fleet.stop();
});

test('3: a replica that is stopped by a signal is replaced: by the watchdog when busy, for missing heartbeats when idle', async (t) => {
  const liveness = '{periodMs: 700, failureThreshold: 3}';
  const fleet = await Fleet.start(t, {
    health: `, watchdogMs: 600, liveness: ${liveness}, readiness: {enabled: false}`,
  });
  const [busy, idle] = fleet.pids as [number, number];
  fleet.order(busy, 'pause');
  await fleet.obeyed(busy);
  signalProcess(busy, 'SIGSTOP');
  await fleet.replaced(0);

  // Ejected, it has nothing to do while the load continues on the others.
  await fleet.operate(1, 'eject');
  await fleet.replica(1, 'idle', ({ state, running }) => state === 'ejected' && running === 0);
  signalProcess(idle, 'SIGSTOP');
  await fleet.replaced(1);

  const reasons = (await fleet.decisions('restart')).map(({ facts }) => String(facts.reason));
  assert.equal(reasons.length, 2);
  assert.match(reasons[0] ?? '', /a batch of \d rows ran for/);
  assert.match(reasons[1] ?? '', /no heartbeat for \d+ ms/);
  assert.ok(!isAlive(busy) && !isAlive(idle));
  await fleet.stop();
});

test('8: an input that ends every replica ends two, is answered 422 afterwards, and others are not affected', async (t) => {
  const fleet = await Fleet.start(t, {});
  const first = await fleet.ask('segfault');
  assert.equal(first.status, 422, first.body);
  assert.equal(reasonIn(first.body), 'POISON_INPUT');
  for (let times = 0; times < 3; times++) {
    const again = await fleet.ask('segfault');
    assert.equal(again.status, 422, again.body);
    assert.equal(reasonIn(again.body), 'DENIED_INPUT');
  }
  await fleet.allReady();
  await fleet.answered(50);
  assert.equal((await fleet.decisions('restart')).length, 2);
  assert.equal((await fleet.decisions('quarantine')).length, 1);
  await until('it is reported', async () => (await fleet.alerts()).includes('PoisonInput'));
  await fleet.stop();
});

test('10: half a frame, or text on the frame pipe, ends the replica and reaches no caller', async (t) => {
  const fleet = await Fleet.start(t, {});
  const [half, garbage, huge] = fleet.pids as [number, number, number];
  fleet.order(half, 'half a frame');
  await fleet.replaced(0);
  fleet.order(garbage, 'garbage');
  await fleet.replaced(1);
  // A header that declares more than any frame may hold: the server does not wait for the rest.
  fleet.order(huge, 'a huge frame');
  await fleet.replaced(2);
  const reasons = (await fleet.decisions('restart')).map(({ facts }) => String(facts.reason));
  assert.equal(reasons.length, 3);
  assert.match(reasons[0] ?? '', /SIGSEGV/);
  assert.match(reasons[1] ?? '', /protocol violation: not a frame header/);
  assert.match(reasons[2] ?? '', /protocol violation: frame of \d+ bytes, the limit is/);
  assert.ok((await fleet.decisions('recovery')).every(({ facts }) => facts.how === 'isolate'));
  assert.deepEqual(await fleet.decisions('quarantine'), []);
  assert.deepEqual([half, garbage, huge].filter(isAlive), []);
  await fleet.stop();
});

test('39: a process that cannot be started is retried with growing delays; an unhandled rejection ends one process', async (t) => {
  const fleet = await Fleet.start(t, {
    replicas: 2,
    health: ', restart: {initialDelayMs: 100, maxFailures: 20}',
  });
  const { server, pids } = fleet;

  // No descriptor below 10 is free: the process can open none, but open ones still work.
  const lift = limitFileDescriptors(server.pid, 10);
  signalProcess(pids[0], 'SIGKILL');
  await fleet.replica(0, 'failing to start', ({ reason }) => /could not be started/.test(reason));
  await until('it has been tried five times', async () => (await fleet.decisions('restart')).length >= 5);
  await fleet.answered(20);
  assert.equal(childrenOf(server.pid).length, 1);
  lift();
  await fleet.allReady();
  const times = (await fleet.decisions('restart')).map(({ time }) => Date.parse(time));
  const gaps = times.slice(1, 5).map((time, index) => time - (times[index] ?? 0));
  // The kill is not counted and the first failing attempt starts at once; jitter removes at most half of a delay.
  assert.ok((gaps[2] ?? 0) >= 45 && (gaps[3] ?? 0) >= 95, gaps.join(' '));

  const before = childrenOf(server.pid);
  const { status, body } = await fleet.ask('reject');
  assert.equal(status, 422, body);
  assert.equal(reasonIn(body), 'POISON_INPUT');
  await fleet.allReady();
  assert.equal(childrenOf(server.pid).length, 2);
  assert.notDeepEqual(childrenOf(server.pid), before);
  await fleet.stop();
});
