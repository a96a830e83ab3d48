import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../../test/support/simulated-version.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { Metrics } from '../metrics/metrics.ts';
import { Snapshots } from './server-snapshot.ts';

/** A server with two serving versions, one that was replaced and one that is to replace another. */
function server() {
  const [one, two, gone, coming] = ['1', '2', '1', '3'].map(
    (name) => setUp({ replicas: 2, cache: { enabled: true } }, { serviceMs: () => 50 }, {}, name).version,
  ) as [ReturnType<typeof setUp>['version'], ...ReturnType<typeof setUp>['version'][]];
  const registry = new ModelRegistry();
  for (const version of [gone, one, two]) if (version !== undefined) registry.add(version);
  const alert = {
    name: 'Panic',
    severity: 'page',
    model: 'm/1',
    summary: '',
    runbook: '',
    startedAt: 5,
  } as const;
  const snapshots = new Snapshots({
    catalog: { registry, rollouts: () => [{ old: two ?? one, new: coming ?? one }] },
    health: { phase: 'serving' },
    operations: {
      alerts: { active: () => [alert] },
      dropped: { alerts: 1, decisions: 2 },
      internalErrors: new Map([['a timer', 3]]),
      wallMs: (at) => at,
    },
    scaler: { of: () => undefined, budget: { cores: 4, memoryBytes: 2 ** 30 } },
    routes: () => [],
    network: () => ({
      bodies: { bytes: 10, count: 1, refused: { share: 4 }, holders: [{ name: '::1', bytes: 10 }] },
      connections: { count: 7, refused: { full: 5 }, listenOverflows: undefined },
    }),
  });
  return { snapshots, registry, one };
}

test('a snapshot shows every version where it belongs, as plain data with wall-clock times', () => {
  const { snapshots, one } = server();
  one.operate('eject', 'm/1#1');
  const snapshot = snapshots.take();
  assert.deepEqual(
    snapshot.models.map(({ name, versions }) => [name, versions.map((version) => version.name)]),
    [['m', ['m/1', 'm/2']]],
  );
  assert.deepEqual(
    snapshot.draining.map(({ name }) => name),
    ['m/1'],
  );
  assert.deepEqual(
    snapshot.rollouts.map(({ model, from, to }) => [model, from, to.name]),
    [['m', '2', 'm/3']],
  );
  assert.equal(snapshot.alerts[0]?.since, '1970-01-01T00:00:00.005Z');
  const replicas = snapshot.models[0]?.versions[0]?.replicas;
  assert.deepEqual(
    replicas?.map(({ state, conditions }) => [state, conditions.map(({ cause }) => cause)]),
    [
      ['ready', []],
      ['ejected', ['operator']],
    ],
  );
  assert.doesNotThrow(() => structuredClone(snapshot));
});

test('the gauges of the metrics show the snapshot, and those of a version the one that serves under its name', async () => {
  const { snapshots, registry, one } = server();
  const metrics = new Metrics(() => snapshots.take());
  for (const version of [...registry.draining(), ...registry.all()]) metrics.watch(version);
  one.operate('eject', 'm/1#1');
  const text = await metrics.render();
  for (const line of [
    'galley_replicas{model="m",version="1",state="ready"} 1',
    'galley_replicas{model="m",version="2",state="ready"} 2',
    'galley_cache_requests_total{model="m",version="1",result="miss"} 0',
    'galley_queue_rows{model="m",version="1"} 0',
    'galley_alert{model="m/1",alert="Panic",severity="page"} 1',
    'galley_alerts_dropped_total 1',
    'galley_decisions_dropped_total 2',
    'galley_internal_errors_total{where="a timer"} 3',
    'galley_body_bytes 10',
    'galley_bodies 1',
    'galley_bodies_refused_total{reason="share"} 4',
    'galley_body_holder_bytes{holder="::1"} 10',
    'galley_connections 7',
    'galley_connections_refused_total{reason="full"} 5',
    'galley_batch_rows_bucket{model="m",version="1",le="+Inf"} 0',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});
