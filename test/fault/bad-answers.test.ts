import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAlive } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { Fleet } from './support/fleet.ts';

/** Every check runs the golden input and compares its answer, even on a busy replica. */
const CHECK_ALWAYS = 'periodMs: 400, timeoutMs: 350, goldenEvery: 1, maxDeferrals: 0';
/** Enough clients to fill batches, so that one bad batch affects many callers. */
const MANY = 24;

for (const word of ['not finite', 'wrong shape']) {
  test(`6: a replica with every answer ${word} is ejected, then replaced, and no caller gets a bad answer`, async (t) => {
    const fleet = await Fleet.start(t, {
      health: `, ejection: {baseMs: 200}, readiness: {${CHECK_ALWAYS}, restartAfterMs: 1500}`,
      more: ', outputs: {finite: all}',
      clients: MANY,
    });
    const [sick] = fleet.pids as [number];
    fleet.order(sick, word, 'always');
    await fleet.replica(0, 'ejected', ({ state }) => state === 'ejected');
    // The ejection for errors expires soon; afterwards the failed checks keep the replica ejected.
    const kept = await fleet.replica(
      0,
      'ejected by its check alone',
      ({ state, conditions }) =>
        state === 'ejected' &&
        conditions.every(({ cause }) => cause === 'golden' || cause === 'readiness') &&
        conditions.some(({ severity }) => severity === 'down'),
    );
    assert.match(kept.lastProbe?.result ?? '', /failed|mismatch/);
    await fleet.replaced(0);
    assert.ok(!isAlive(sick));
    assert.ok((await fleet.decisions('ejection')).some(({ replica }) => replica === 'faulty/1#0'));
    const [restart] = await fleet.decisions('restart');
    assert.match(String(restart?.facts.reason), /checks failed for/);
    await fleet.stop();
  });
}

test('7: an input with a NaN answer on every replica is answered 500 after one retry, and no replica is ejected', async (t) => {
  const fleet = await Fleet.start(t, { health: `, readiness: {${CHECK_ALWAYS}}` });
  const before = (await fleet.decisions('replica,restart')).length;
  for (let times = 1; times <= 12; times++) {
    const { status, body } = await fleet.ask('nan');
    assert.equal(status, 500);
    assert.equal((JSON.parse(body) as { reason: string }).reason, 'BAD_OUTPUT', body);
    const tries = await fleet.decisions('recovery');
    assert.equal(tries.length, times);
    assert.ok(tries.every(({ facts }) => facts.how === 'ask another' && facts.requests === 1));
  }
  await fleet.answered(50);
  // No replica has changed its state.
  assert.equal((await fleet.decisions('replica,restart')).length, before);
  assert.deepEqual(fleet.pids.filter(isAlive), [...fleet.pids]);
  await fleet.stop();
});

test('28: a replica that fails fast gets no more requests than others and is ejected after five failures', async (t) => {
  const fleet = await Fleet.start(t, {
    health: `, ejection: {baseMs: 300}, readiness: {${CHECK_ALWAYS}, restartAfterMs: 60000}`,
    clients: MANY,
  });
  const [sinkhole] = fleet.pids as [number];
  fleet.order(sinkhole, 'throw', 'always');
  await fleet.replica(0, 'ejected', ({ state }) => state === 'ejected');
  await until('the ejection for errors has expired', async () =>
    (await fleet.replicas())[0]?.conditions.every(({ cause }) => cause !== 'errors'),
  );
  await fleet.answered(200);
  assert.equal((await fleet.replicas())[0]?.state, 'ejected');
  // Five failures are counted; one more batch may have been in flight.
  const hits = fleet.noteOf(sinkhole, 'hit').length;
  assert.ok(hits <= 6, `${hits} batches went there`);
  assert.ok(isAlive(sinkhole));
  // It is restored when it works again.
  fleet.withdraw(sinkhole, 'always');
  await fleet.allReady();
  await fleet.stop();
});

test('34: a flapping replica stays degraded, ejections for errors get longer, and each raises one alert', async (t) => {
  const fleet = await Fleet.start(t, {
    health: `, ejection: {baseMs: 400, maxTimes: 10}, readiness: {${CHECK_ALWAYS}}`,
    alerts: ', degradedAfterMs: 500',
  });
  const [flapping, failing] = fleet.pids as [number, number];
  fleet.order(flapping, 'flap', 'always');
  await fleet.replica(0, 'degraded', ({ state }) => state === 'degraded');
  // Its checks pass and its batches fail: it is restored each time after a longer ejection.
  fleet.order(failing, 'throw at callers', 'always');
  const stays = await until('there are three ejections and three returns', async () => {
    const moves = (await fleet.decisions('replica,restart')).filter(
      ({ replica }) => replica === 'faulty/1#1',
    );
    const times = (to: string, from: string) =>
      moves.filter(({ facts }) => facts.to === to && facts.from === from).map(({ time }) => Date.parse(time));
    const outs = moves.filter(({ facts }) => facts.to === 'ejected').map(({ time }) => Date.parse(time));
    const backs = [...times('ready', 'ejected'), ...times('degraded', 'ejected')].sort((a, b) => a - b);
    return backs.length >= 3 && backs.slice(0, 3).map((back, index) => back - (outs[index] ?? 0));
  });
  for (const [index, ms] of stays.entries()) {
    assert.ok(ms >= 400 * (index + 1) - 5, stays.join(' '));
    assert.ok(ms < 400 * (index + 1) + 350, stays.join(' '));
  }
  fleet.withdraw(failing, 'always');
  const flaps = (await fleet.decisions('replica,restart')).filter(
    ({ replica, facts }) => replica === 'faulty/1#0' && facts.from !== 'warming' && facts.from !== 'starting',
  );
  // It was ready at the start and has changed its state once.
  assert.deepEqual(
    flaps.map(({ facts }) => `${facts.from} ${facts.to}`).filter((step) => !step.startsWith('stopped')),
    ['ready degraded'],
  );
  const alerts = await fleet.alerts();
  assert.equal(alerts.filter((name) => name === 'ReplicaDegraded').length, 1, alerts.join(' '));
  assert.deepEqual(await fleet.decisions('restart'), []);
  await fleet.stop();
});
