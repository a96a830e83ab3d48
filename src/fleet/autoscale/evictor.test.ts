import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { VersionInService } from '../version/version-in-service.ts';
import { Evictor } from './evictor.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };
const MEGABYTE = 1e6;

/** Models whose replicas hold 100 MB each, of which `budgetBytes` may be held together. */
function setUp(budgetBytes: number, evictable: Readonly<Record<string, boolean>>) {
  const clock = new VirtualClock();
  const fixed = new Set<string>();
  const versions = new Map<string, VersionInService>();
  const evictor = new Evictor({
    ...{ clock, budgetBytes, isFixed: (version) => fixed.has(version.spec.model) },
    loaded: () => [...versions.values()],
  });
  const scaled: string[] = [];
  evictor.scaled.on(({ version, to, winner }) =>
    scaled.push(`${version.spec.model} ${to} ${winner.because}`),
  );
  for (const [model, isEvictable] of Object.entries(evictable)) {
    const behaviour = {
      ...wellBehaved({ metadata: METADATA, credits: 1, loadMs: 300, serviceMs: () => 10 }),
      rssBytes: () => 100 * MEGABYTE,
    };
    const settings = ModelSettings.parse({ evictable: isEvictable });
    const version = new VersionInService(
      { model, version: '1', file: model, settings, ownSample: [] },
      { clock, random: seededRandom(model), spawner: new SimulatedSpawner(clock, behaviour) },
    );
    versions.set(model, version);
    evictor.watch(version);
    version.start();
  }
  const answers: string[] = [];
  const ask = (model: string) => {
    const input = { ...TENSOR, shape: [1], data: bytesOf(new Uint8Array(1)) };
    const request = { id: '', inputs: [input], parameters: {}, timeoutMs: undefined, priority: 0 };
    const at = clock.now();
    const settle = (outcome: object) =>
      answers.push(isRefusal(outcome) ? outcome.reason : `after ${Math.round(clock.now() - at)} ms`);
    const entry = versions.get(model)?.submit(request, settle);
    if (entry === undefined || isRefusal(entry)) settle(entry ?? {});
  };
  const loaded = () =>
    [...versions.values()].filter(({ supervisor }) => supervisor.wanted > 0).map(({ spec }) => spec.model);
  return { clock, versions, evictor, ask, answers, loaded, scaled, fixed };
}

test('the model that is used least is unloaded when memory is short, and loaded again by a request, which waits', () => {
  const it = setUp(250 * MEGABYTE, { a: true, b: true, c: true });
  for (let round = 0; round < 50; round++) {
    for (const model of ['a', 'a', 'c']) it.ask(model);
    it.clock.advance(100);
  }
  assert.deepEqual(it.loaded(), ['a', 'c']);
  assert.match(it.scaled[0] ?? '', /^b 0 the replicas of all models hold 286 MiB of 238 MiB/);
  assert.equal(it.versions.get('b')?.isReady, true);
  it.answers.length = 0;
  it.ask('b');
  it.clock.advance(1_000);
  assert.equal(it.answers.length, 1);
  assert.match(it.answers[0] ?? '', /^after [3-9]\d\d ms$/);
  it.clock.advance(5_000);
  // The others were used more, though not as lately.
  assert.deepEqual(it.loaded(), ['a', 'c']);
  it.evictor.stop();
});

test('a model that does not allow it, or is being used, stays', () => {
  const it = setUp(50 * MEGABYTE, { kept: false, used: true });
  for (let tick = 0; tick < 50; tick++) {
    it.ask('used');
    it.clock.advance(200);
  }
  assert.deepEqual(it.loaded(), ['kept', 'used']);
  it.clock.advance(3_000);
  assert.deepEqual(it.loaded(), ['kept']);
  it.evictor.stop();
});

test('a model whose number of replicas an operator has set is not unloaded: it would be loaded again at once', () => {
  const it = setUp(150 * MEGABYTE, { a: true, b: true });
  it.fixed.add('a').add('b');
  it.clock.advance(10_000);
  assert.deepEqual(it.loaded(), ['a', 'b']);
  it.fixed.delete('a');
  it.clock.advance(2_000);
  assert.deepEqual(it.loaded(), ['b']);
});
