import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { Spawner } from '../../replica/replica.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { VersionInService } from './version-in-service.ts';
import { placementsOf } from './version-spec.ts';

const X = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const metadata = { platform: 'simulated', inputs: [X], outputs: [X], readsParameters: false };

/** A version whose replicas report the device that `runsOn` gives for theirs. */
function startOn(settings: object, runsOn: (device: string) => string) {
  const clock = new VirtualClock();
  const simulated = new SimulatedSpawner(
    clock,
    wellBehaved({ metadata, credits: 1, loadMs: 1, serviceMs: () => 1 }),
  );
  const spawner: Spawner = {
    spawn: (id, incarnation, placement, observer) =>
      simulated.spawn(id, incarnation, placement, {
        ...observer,
        loaded: (loaded) => observer.loaded({ ...loaded, device: runsOn(placement.device) }),
      }),
  };
  const parsed = ModelSettings.parse({ warmup: { enabled: false }, ...settings });
  const spec = { model: 'm', version: '1', file: 'm', settings: parsed, ownSample: [] };
  const version = new VersionInService(spec, { clock, random: seededRandom('test'), spawner });
  version.start();
  clock.advance(100);
  const replicas = () => version.supervisor.replicas().map(({ device, state }) => `${state} on ${device}`);
  return { version, clock, replicas };
}

test('replicas are spread over the devices in turn, and report theirs', () => {
  const { version, clock, replicas } = startOn(
    { device: ['cuda:0', 'cuda:1'], replicas: 3 },
    (device) => device,
  );
  assert.deepEqual(replicas(), ['ready on cuda:0', 'ready on cuda:1', 'ready on cuda:0']);
  version.scale(placementsOf(version.spec.settings, 4));
  clock.advance(100);
  assert.deepEqual(replicas().at(-1), 'ready on cuda:1');
  version.scale(placementsOf(version.spec.settings, 2));
  clock.advance(100);
  assert.deepEqual(replicas().sort(), ['ready on cuda:0', 'ready on cuda:1']);
});

test('each replica is compared with its own device: those on a device that works serve', () => {
  const { version, replicas } = startOn({ device: ['cuda', 'cuda:1'], replicas: 2 }, (device) =>
    device === 'cuda' ? 'cuda:0' : 'cpu',
  );
  assert.equal(version.isReady, true);
  assert.deepEqual(replicas(), ['ready on cuda:0', 'failed on cpu']);
  const [, failed] = version.supervisor.replicas();
  assert.match(failed?.reason ?? '', /device is 'cuda:1', but the model runs on 'cpu'/);
});

test('a model may run on the CPU where the settings allow it', () => {
  const allowed = startOn({ device: 'cuda', cpuFallback: 'model' }, () => 'cpu');
  assert.deepEqual(allowed.replicas(), ['ready on cpu']);
  const partly = startOn({ device: 'cuda', cpuFallback: 'operators' }, () => 'cuda:0, cpu');
  assert.deepEqual(partly.replicas(), ['ready on cuda:0, cpu']);
  assert.equal(startOn({ device: 'cuda' }, () => 'cuda:0, cpu').version.isReady, false);
});
