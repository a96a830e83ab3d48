import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneByte } from '../../../test/support/simulated-version.ts';
import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { VersionInService } from '../version/version-in-service.ts';
import { ModelRegistry } from './model-registry.ts';
import { Swap, type Swapped } from './swap.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A registry with a serving version, and a new version that replaces it. */
function setUp({ newVersion = '1', canLoad = true } = {}) {
  const clock = new VirtualClock();
  const registry = new ModelRegistry();
  const make = (version: string, loads: boolean) => {
    const well = wellBehaved({ metadata: METADATA, credits: 2, loadMs: 200, serviceMs: () => 30 });
    const load = loads ? well.load : () => ({ kind: 'failed', afterMs: 50, message: 'half a file' }) as const;
    const spawner = new SimulatedSpawner(clock, { ...well, load });
    const settings = ModelSettings.parse({ replicas: 2, batching: { maxBatchSize: 4 } });
    const spec = { model: 'm', version, file: 'm', ownSample: [], settings };
    return new VersionInService(spec, { clock, random: seededRandom('swap'), spawner });
  };
  const old = make('1', true);
  registry.add(old);
  old.start();
  clock.advance(5_000);
  const replacement = make(newVersion, canLoad);
  let swapped: Swapped | undefined;
  const swap = new Swap(clock, registry, { old, new: replacement }, 10_000);
  swap.ended.on((result) => {
    swapped = result;
  });
  const answers = new Map<number, string>();
  /** A client that is admitted before its body arrives. */
  const send = (id: number) => {
    const version = registry.find('m', undefined);
    if (isRefusal(version)) throw new Error(version.message);
    version.inFlightCalls += 1;
    const settle = (result: object) => {
      answers.set(id, isRefusal(result) ? result.reason : `by ${version === old ? 'the old' : 'the new'}`);
      version.inFlightCalls -= 1;
    };
    clock.at(
      clock.now() + 40,
      () => {
        const entry = version.submit(oneByte(), settle);
        if (isRefusal(entry)) settle(entry);
      },
      RANK.arrival,
    );
  };
  return { clock, registry, old, replacement, swap, send, answers, swapped: () => swapped };
}

for (const newVersion of ['1', '2']) {
  test(`a swap to version ${newVersion} under load loses no request, and the old version ends`, () => {
    const it = setUp({ newVersion });
    it.swap.start();
    for (let id = 0; id < 600; id++) {
      it.send(id);
      it.clock.advance(10);
    }
    it.clock.advance(1_000);
    const kinds = [...it.answers.values()];
    assert.deepEqual([...new Set(kinds)].sort(), ['by the new', 'by the old']);
    assert.equal(kinds.length, 600);
    assert.equal(it.swapped()?.kind, 'done');
    assert.equal(it.old.supervisor.isStopped, true);
    assert.deepEqual(it.registry.draining(), []);
    assert.deepEqual(it.registry.all(), [it.replacement]);
  });
}

test('the old version continues to serve when the new one cannot be loaded', () => {
  const it = setUp({ newVersion: '2', canLoad: false });
  it.swap.start();
  for (let id = 0; id < 200; id++) {
    it.send(id);
    it.clock.advance(10);
  }
  it.clock.advance(1_000);
  assert.deepEqual([...new Set(it.answers.values())], ['by the old']);
  const swapped = it.swapped();
  assert.match(swapped?.kind === 'kept' ? swapped.reason : '', /half a file/);
  assert.deepEqual(it.registry.all(), [it.old]);
  assert.equal(it.replacement.supervisor.isStopped, true);
  assert.equal(it.old.isReady, true);
});
