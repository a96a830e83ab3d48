import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { whenSettled } from './when-settled.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A version that is loading. */
function loading(): VersionInService {
  const clock = new VirtualClock();
  const spawner = new SimulatedSpawner(
    clock,
    wellBehaved({ metadata: METADATA, credits: 2, loadMs: 10_000, serviceMs: () => 30 }),
  );
  const spec = { model: 'm', version: '1', file: 'm', ownSample: [], settings: ModelSettings.parse({}) };
  const version = new VersionInService(spec, { clock, random: seededRandom('settled'), spawner });
  version.start();
  clock.advance(100);
  return version;
}

test('a version that is unloaded while it loads does not fail the start of the server', async () => {
  const version = loading();
  const settled = whenSettled(version, true);
  version.leave();
  version.stop('drain');
  await settled;
});

test('the end of the server ends its start', async () => {
  const version = loading();
  const settled = whenSettled(version, false);
  version.stop('kill');
  await assert.rejects(settled, /the server was stopped before it was ready/);
});
