import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../../test/support/simulated-version.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { VersionInService } from './version-in-service.ts';

const AGAIN_MS = 10_000;
const RESTART = { restart: { retryFailedMs: AGAIN_MS } };

test('a model that cannot be loaded is retried, and serves when its file is fixed', () => {
  const { clock, version } = setUp(
    { health: RESTART },
    {
      load: (_, incarnation) =>
        incarnation < 3
          ? { kind: 'failed', afterMs: 5, message: 'it is no model' }
          : { kind: 'loaded', afterMs: 5 },
    },
  );
  clock.advance(100);
  assert.equal(version.state, 'failed');
  assert.equal(version.failure, 'it is no model');
  clock.advance(AGAIN_MS - 200);
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 1);
  clock.advance(300);
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 2);
  assert.equal(version.state, 'failed');
  clock.advance(AGAIN_MS);
  assert.equal(version.state, 'ready');
  assert.equal(version.failure, '');
});

test('a model whose warmup run fails is retried once per interval, not by the back-off of restarts', () => {
  const tensor = { name: 'x', datatype: 'UINT8', shape: [-1, 2] } as const;
  const metadata = { platform: 'simulated', inputs: [tensor], outputs: [tensor], readsParameters: false };
  let processes = 0;
  const clock = new VirtualClock();
  const spawner = new SimulatedSpawner(clock, {
    ...wellBehaved({ metadata, credits: 1, loadMs: 5, serviceMs: () => 1 }),
    load: (_, incarnation) => {
      processes = incarnation;
      return { kind: 'loaded', afterMs: 5 };
    },
    result: () => (processes < 4 ? { kind: 'throw', message: 'not this input' } : { kind: 'answer' }),
  });
  // An input from the settings: a generated one may be refused.
  const ownSample = [
    { name: 'x', datatype: 'UINT8', shape: [1, 2], data: bytesOf(new Uint8Array(2)) } as const,
  ];
  const settings = ModelSettings.parse({ health: { ...RESTART, readiness: { enabled: false } } });
  const spec = { model: 'm', version: '1', file: 'm', settings, ownSample };
  const version = new VersionInService(spec, { clock, random: seededRandom('test'), spawner });
  version.start();
  clock.advance(200);
  assert.match(version.failure, /warmup failed: not this input/);
  clock.advance(2 * AGAIN_MS);
  assert.equal(processes, 3);
  clock.advance(2 * AGAIN_MS);
  assert.equal(version.state, 'ready');
  assert.equal(processes, 4);
});

test('settings that can never fit the model are not retried', () => {
  const { clock, version } = setUp({ health: RESTART, device: 'cuda' });
  clock.advance(20 * AGAIN_MS);
  assert.equal(version.state, 'failed');
  assert.equal(version.supervisor.replicas()[0]?.incarnation, 1);
});

test('a version that is stopped while it waits for a retry is not retried', () => {
  const { clock, version } = setUp(
    { health: RESTART },
    { load: () => ({ kind: 'failed', afterMs: 5, message: 'no' }) },
  );
  clock.advance(100);
  version.stop('drain');
  clock.advance(2 * AGAIN_MS);
  assert.ok(version.supervisor.isStopped);
});
