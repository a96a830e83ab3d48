import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, isAlive, signalProcess } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { type DecisionSeen, Fleet } from './support/fleet.ts';

const MEBIBYTE = 1024 * 1024;

/** The largest number of replicas out of service at once, from their transitions; all were in service before. */
function mostOutAtOnce(moves: readonly DecisionSeen[]): number {
  const out = new Set<string>();
  let most = 0;
  for (const { replica, facts } of moves) {
    if (facts.to === 'ready' || facts.to === 'degraded') out.delete(replica);
    else out.add(replica);
    most = Math.max(most, out.size);
  }
  return most;
}

test('4: a leaking replica raises an alert and is replaced at the soft limit, at the hard limit at once, one at a time', async (t) => {
  const limits = `{softLimitBytes: ${250 * MEBIBYTE}, hardLimitBytes: ${350 * MEBIBYTE}}`;
  const fleet = await Fleet.start(t, { health: `, memory: ${limits}` });
  const moves = await fleet.decisions('replica,restart');
  const [leaking] = fleet.pids as [number];
  fleet.order(leaking, 'leak', 'always');
  await fleet.replaced(0);
  const own = (await fleet.decisions('replica,restart')).slice(moves.length);
  assert.deepEqual(
    own.map(({ replica, facts }) => `${replica.slice(-2)} ${facts.to}`),
    ['#0 degraded', '#0 draining', '#0 stopped', '#0 starting', '#0 warming', '#0 ready'],
  );
  assert.match(String(own[1]?.facts.reason), /the soft limit is 250 MiB/);
  assert.ok((await fleet.alerts()).includes('MemoryGrows'));

  // All replicas exceed the limit at once and are replaced one after the other.
  const before = (await fleet.decisions('replica,restart')).length;
  for (const pid of childrenOf(fleet.server.pid)) fleet.order(pid, 'gulp');
  await until(
    'all have a new process',
    async () => {
      const seen = await fleet.replicas();
      return (
        seen.map(({ restarts }) => restarts).join() === '2,1,1' &&
        seen.every((each) => each.state === 'ready')
      );
    },
    30_000,
  );
  const later = (await fleet.decisions('replica,restart')).slice(before);
  assert.equal(mostOutAtOnce(later), 1);
  const drains = later.filter(({ facts }) => facts.to === 'draining');
  assert.equal(drains.length, 3);
  // The first one is seen while it grows; the others have to wait for it.
  for (const { facts } of drains.slice(1)) assert.match(String(facts.reason), /the hard limit is 350 MiB/);
  // No process counts as failed: a failed one would go through backoff.
  assert.deepEqual(await fleet.decisions('restart'), []);
  await fleet.stop();
});

test('27: a replica ten times slower than the others is degraded, and the slowest answers take no longer', async (t) => {
  const fleet = await Fleet.start(t, {
    health: ', ejection: {sweepMs: 300}, readiness: {periodMs: 1000, timeoutMs: 900}',
    clients: 3,
  });
  const [slow] = fleet.pids as [number];
  await fleet.operate(0, 'eject');
  await fleet.replica(0, 'ejected', ({ state }) => state === 'ejected');
  fleet.load.restartClock();
  await fleet.answered(250);
  const withoutMs = fleet.load.p99Ms;

  fleet.order(slow, 'slow', 'always');
  await fleet.operate(0, 'restore');
  await fleet.replica(0, 'degraded', ({ state, conditions }) => {
    return state === 'degraded' && conditions.some(({ cause }) => cause === 'slow');
  });
  fleet.load.restartClock();
  await fleet.answered(250);
  const withMs = fleet.load.p99Ms;
  // Allows 50 % more and the noise of a busy test machine; one slow answer in fifty would exceed it.
  assert.ok(withMs <= 1.5 * withoutMs + 30, `${withMs} ms with it, ${withoutMs} ms without`);
  assert.ok(isAlive(slow));
  assert.deepEqual(await fleet.decisions('restart'), []);
  await fleet.stop();
});

test('30: a replica that is stopped for two seconds has one slow batch and no other consequence', async (t) => {
  const fleet = await Fleet.start(t, {});
  const [pausing] = fleet.pids as [number];
  fleet.order(pausing, 'pause');
  await fleet.obeyed(pausing);
  // Stops the whole process, including the heartbeat thread.
  signalProcess(pausing, 'SIGSTOP');
  const stoppedAt = performance.now();
  await until('two seconds are over', () => performance.now() - stoppedAt > 2_000);
  const running = (await fleet.replicas())[0];
  signalProcess(pausing, 'SIGCONT');
  assert.equal(running?.running, 1);
  await fleet.answered(100);
  await until('its batch is over', async () => (await fleet.replicas())[0]?.state !== 'ejected');
  for (const { facts } of await fleet.decisions('replica,restart')) {
    assert.ok(
      facts.to !== 'ejected' && facts.to !== 'backoff' && facts.to !== 'draining',
      String(facts.reason),
    );
  }
  assert.deepEqual(await fleet.decisions('recovery'), []);
  assert.deepEqual(fleet.pids.filter(isAlive), [...fleet.pids]);
  const { slowestMs } = await fleet.stop();
  assert.ok(slowestMs > 2_000, `${slowestMs} ms`);
});

test('35: a replica that dies at each start is retried with growing delays, given up, and retried once', async (t) => {
  const restart = '{initialDelayMs: 100, retryFailedMs: 800}';
  const fleet = await Fleet.start(t, { health: `, restart: ${restart}` });
  const before = (await fleet.decisions('replica,restart')).length;
  fleet.order('all', 'segfault', 'load');
  await fleet.operate(0, 'restart');
  const { reason } = await fleet.replica(0, 'given up', ({ state }) => state === 'failed');
  assert.match(reason, /6 processes in a row ended before they were healthy/);
  // On a busy machine others may be degraded for a while.
  const moves = (await fleet.decisions('replica,restart'))
    .slice(before)
    .filter(({ replica }) => replica === 'faulty/1#0');
  const momentsOf = (to: string) =>
    moves.filter(({ facts }) => facts.to === to).map(({ time }) => Date.parse(time));
  const deaths = momentsOf('backoff');
  // The first start is the operator's.
  const births = momentsOf('starting').slice(1);
  assert.equal(deaths.length, 5);
  const delaysMs = births.map((birth, index) => birth - (deaths[index] ?? 0));
  for (const [index, ms] of delaysMs.entries()) {
    const fullMs = index === 0 ? 0 : 100 * 2 ** (index - 1);
    // Jitter removes at most half; a busy test machine may add some.
    assert.ok(ms >= fullMs / 2 - 5 && ms <= fullMs + 150, delaysMs.join(' '));
  }
  await until('it is reported', async () => (await fleet.alerts()).includes('ReplicaGivenUp'));

  // The retry dies too, and the replica stays given up; after the fix the next retry succeeds.
  await fleet.replica(
    0,
    'in its eighth process',
    ({ state, restarts }) => state === 'failed' && restarts === 7,
  );
  fleet.withdraw('all', 'load');
  await fleet.replica(0, 'ready', ({ state }) => state === 'ready');
  const seen = await fleet.replicas();
  assert.deepEqual(
    seen.map(({ restarts }) => restarts),
    [8, 0, 0],
  );
  await fleet.stop();
});
