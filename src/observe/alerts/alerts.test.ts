import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../../test/support/simulated-version.ts';
import { AlertSettings } from '../../config/operation-settings.ts';
import { AlertRules } from './alert-rules.ts';
import { type AlertNotice, Alerts } from './alerts.ts';

/** A watched version and its alert notices. */
function watched(settings: object, behaviour: Parameters<typeof setUp>[1] = {}) {
  const it = setUp(settings, behaviour);
  const alertSettings = AlertSettings.parse({ holdMs: 10_000, noReplicaAfterMs: 5_000 });
  const alerts = new Alerts(it.clock, alertSettings.holdMs);
  const rules = new AlertRules(it.clock, alertSettings, alerts);
  const notices: AlertNotice[] = [];
  alerts.noticed.on((notice) => notices.push(notice));
  rules.watch(it.version);
  rules.start();
  const notified = () => notices.map(({ name, status }) => `${name} ${status}`);
  return { ...it, alerts, rules, notices, notified };
}

test('repeated restarts raise one ticket, which resolves when they stop', () => {
  const it = watched({ replicas: 2 });
  for (let kill = 0; kill < 4; kill++) {
    it.spawner.children.get('m/1#0')?.end(null, 'SIGKILL');
    it.clock.advance(3_000);
  }
  assert.deepEqual(it.notified(), ['ReplicaRestarted firing']);
  assert.match(it.notices[0]?.summary ?? '', /m\/1#0: it was ended by SIGKILL/);
  assert.equal(it.alerts.active()[0]?.severity, 'ticket');
  it.clock.advance(60_000);
  assert.deepEqual(it.notified(), ['ReplicaRestarted firing', 'ReplicaRestarted resolved']);
  assert.ok((it.notices[1]?.endedAt ?? 0) > (it.notices[1]?.startedAt ?? 0));
});

test('a model without a ready replica pages, and so does a failed replica', () => {
  let dies = false;
  const health = { readiness: { enabled: false }, restart: { retryFailedMs: 1e6 } };
  const it = watched(
    { health },
    { load: () => (dies ? { kind: 'die', afterMs: 100 } : { kind: 'loaded', afterMs: 0 }) },
  );
  it.clock.advance(1_000);
  dies = true;
  it.spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
  it.clock.advance(120_000);
  assert.deepEqual(
    it.notified().filter((line) => /NoReady|GivenUp/.test(line)),
    ['NoReadyReplica firing', 'ReplicaGivenUp firing'],
  );
  assert.equal(it.notices.find(({ name }) => name === 'ReplicaGivenUp')?.severity, 'page');
  dies = false;
  it.version.operate('restart', 'm/1#0');
  it.clock.advance(60_000);
  assert.ok(
    it.notified().includes('NoReadyReplica resolved') && it.notified().includes('ReplicaGivenUp resolved'),
  );
});

test('a healthy version raises no alert', () => {
  const it = watched({ replicas: 2, health: { readiness: { periodMs: 1000 } } });
  for (let id = 0; id < 500; id++) {
    it.submit(id);
    it.clock.advance(50);
  }
  assert.deepEqual(it.notified(), []);
});

test('a margin that cannot grow although too many answers are late raises a ticket after a minute', () => {
  let batches = 0;
  const it = watched(
    { objective: { latencyMs: 50 }, batching: { maxBatchSize: 8 } },
    // One batch in five is late, whatever the plan.
    { serviceMs: () => (batches++ % 5 === 4 ? 80 : 10) },
  );
  for (let request = 0; request < 600; request++) {
    it.submit(request);
    it.clock.advance(100);
    if (request === 500) assert.ok(!it.notified().includes('MarginAtLimit firing'));
  }
  for (let request = 600; request < 1_500; request++) {
    it.submit(request);
    it.clock.advance(100);
  }
  const notice = it.notices.find(({ name }) => name === 'MarginAtLimit');
  assert.match(
    notice?.summary ?? it.notified().join(),
    /^\d+\.\d % of the answers of m\/1 are late, 1\.0 % may be/,
  );
  it.clock.advance(60_000);
  assert.ok(it.notified().includes('MarginAtLimit resolved'));
});

test('a version without a replica on purpose raises no page', () => {
  const it = watched({ autoscaling: { minReplicas: 0 } }, {});
  it.clock.advance(1_000);
  it.version.scale([]);
  it.clock.advance(300_000);
  assert.equal(it.version.isReady, true);
  assert.deepEqual(
    it.notified().filter((line) => /NoReady/.test(line)),
    [],
  );
});
