import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { VersionInService } from '../version/version-in-service.ts';
import type { VersionSpec } from '../version/version-spec.ts';
import { Catalog, type RolledOut } from './catalog.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A catalog with a serving version; files that hold `half a file` cannot be loaded. */
function setUp() {
  const clock = new VirtualClock();
  const artefacts = new Map<string, string>();
  const catalog = new Catalog<VersionSpec>({
    ...{ clock, gracePeriodMs: 10_000 },
    make: (spec) => {
      const well = wellBehaved({ metadata: METADATA, credits: 2, loadMs: 200, serviceMs: () => 30 });
      const half = () => ({ kind: 'failed', afterMs: 50, message: 'half a file' }) as const;
      const spawner = new SimulatedSpawner(clock, spec.file === 'half' ? { ...well, load: half } : well);
      return new VersionInService(spec, { clock, random: seededRandom('swap'), spawner });
    },
    artefactOf: ({ file }) => artefacts.get(file),
  });
  const { registry } = catalog;
  const settings = ModelSettings.parse({ replicas: 2, batching: { maxBatchSize: 4 } });
  const specOf = (version: string, file = 'm') => ({ model: 'm', version, file, ownSample: [], settings });
  const old = catalog.open(specOf('1'));
  old.start();
  clock.advance(5_000);
  const results: RolledOut[] = [];
  const swap = (spec: VersionSpec) => catalog.swap(old, spec, (result) => results.push(result));
  const answers = new Map<number, string>();
  /** A client that is admitted before its body arrives. */
  const send = (id: number) => {
    const version = registry.find('m', undefined);
    if (isRefusal(version)) throw new Error(version.message);
    version.inFlightCalls += 1;
    const data = bytesOf(new Uint8Array(1));
    const request = {
      id: '',
      inputs: [{ ...TENSOR, shape: [1], data }],
      parameters: {},
      timeoutMs: undefined,
      priority: 0,
    };
    const settle = (result: object) => {
      answers.set(id, isRefusal(result) ? result.reason : `by ${version === old ? 'the old' : 'the new'}`);
      version.inFlightCalls -= 1;
    };
    clock.at(
      clock.now() + 40,
      () => {
        const entry = version.submit(request, settle);
        if (isRefusal(entry)) settle(entry);
      },
      RANK.arrival,
    );
  };
  return { clock, catalog, registry, old, specOf, artefacts, swap, send, answers, results };
}

for (const newVersion of ['1', '2']) {
  test(`a swap to version ${newVersion} under load loses no request, and the old version ends`, () => {
    const it = setUp();
    it.swap(it.specOf(newVersion));
    assert.equal(it.catalog.rollouts().length, 1);
    for (let id = 0; id < 600; id++) {
      it.send(id);
      it.clock.advance(10);
    }
    it.clock.advance(1_000);
    const kinds = [...it.answers.values()];
    assert.deepEqual([...new Set(kinds)].sort(), ['by the new', 'by the old']);
    assert.equal(kinds.length, 600);
    assert.deepEqual(
      it.results.map(({ kind, version }) => [kind, version]),
      [['done', it.registry.all()[0]]],
    );
    assert.equal(it.old.supervisor.isStopped, true);
    assert.deepEqual(it.registry.draining(), []);
    assert.deepEqual(
      it.registry.all().map(({ spec }) => spec.version),
      [newVersion],
    );
    assert.deepEqual(it.catalog.rollouts(), []);
  });
}

test('the old version continues to serve when the new one cannot be loaded', () => {
  const it = setUp();
  const forgotten: VersionInService[] = [];
  it.registry.forgotten.on((version) => forgotten.push(version));
  it.swap(it.specOf('2', 'half'));
  const [rollout] = it.catalog.rollouts();
  for (let id = 0; id < 200; id++) {
    it.send(id);
    it.clock.advance(10);
  }
  it.clock.advance(1_000);
  assert.deepEqual([...new Set(it.answers.values())], ['by the old']);
  const [result] = it.results;
  assert.match(result?.kind === 'kept' ? result.reason : '', /half a file/);
  assert.deepEqual(it.registry.all(), [it.old]);
  assert.equal(rollout?.new.supervisor.isStopped, true);
  assert.deepEqual(forgotten, [rollout?.new]);
  assert.equal(it.old.isReady, true);
});

test('a later swap of the same version takes the place of the first, whichever loads sooner', () => {
  const it = setUp();
  it.swap(it.specOf('2'));
  const [first] = it.catalog.rollouts();
  it.clock.advance(100);
  it.swap(it.specOf('3'));
  it.clock.advance(10_000);
  assert.deepEqual(
    it.results.map((result) => (result.kind === 'done' ? result.version.spec.version : result.reason)),
    ['a later reload took its place', '3'],
  );
  assert.equal(first?.new.supervisor.isStopped, true);
  assert.deepEqual(
    it.registry.all().map(({ spec }) => spec.version),
    ['3'],
  );
  assert.deepEqual(it.registry.draining(), []);
});

test('a stop during a rollout ends both versions, and the new one is not switched in', () => {
  for (const stopAfterMs of [0, 100, 199, 200, 201]) {
    const it = setUp();
    it.swap(it.specOf('2'));
    const [rollout] = it.catalog.rollouts();
    it.clock.advance(stopAfterMs);
    it.catalog.stop('drain');
    let ended = 0;
    it.catalog.ended.on(() => ended++);
    it.clock.advance(5_000);
    assert.equal(it.catalog.isStopped, true);
    assert.equal(it.old.supervisor.isStopped, true);
    assert.equal(rollout?.new.supervisor.isStopped, true);
    assert.ok(ended > 0);
    if (stopAfterMs < 200) assert.deepEqual([it.registry.all(), it.results], [[it.old], []]);
  }
});

test('a version with a request that never ends is killed after the grace period', () => {
  const it = setUp();
  it.old.inFlightCalls += 1;
  it.swap(it.specOf('2'));
  it.clock.advance(9_000);
  assert.deepEqual(it.registry.draining(), [it.old]);
  it.clock.advance(3_000);
  assert.deepEqual([it.registry.draining(), it.old.supervisor.isStopped], [[], true]);
});

test('apply swaps what has changed, in its file, settings or contents, and names what needs a restart', () => {
  const it = setUp();
  const apply = (...desired: VersionSpec[]) => {
    const rolledOut: string[] = [];
    const { added, removed } = it.catalog.apply(desired, ({ version }, { kind }) =>
      rolledOut.push(`${version} ${kind}`),
    );
    it.clock.advance(5_000);
    return {
      rolledOut,
      added: added.map(({ version }) => version),
      removed: removed.map(({ name }) => name),
    };
  };
  const same = it.specOf('1');
  assert.deepEqual(apply(same), { rolledOut: [], added: [], removed: [] });
  it.artefacts.set('m', 'other bytes');
  assert.deepEqual(apply(same).rolledOut, ['1 done']);
  it.artefacts.clear();
  assert.deepEqual(apply(it.specOf('1', 'elsewhere')).rolledOut, ['1 done']);
  assert.deepEqual(apply(it.specOf('1', 'half')).rolledOut, ['1 kept']);
  const settings = { ...same.settings, timeoutMs: 1 };
  assert.deepEqual(apply({ ...it.specOf('1', 'elsewhere'), settings }).rolledOut, ['1 done']);
  assert.deepEqual(apply(it.specOf('7')), { rolledOut: [], added: ['7'], removed: ['m/1'] });
});

test('a version is replaced by those that are not served yet, and removed when there is none', () => {
  const it = setUp();
  const reasons: (string | undefined)[] = [];
  const replace = (...specs: VersionSpec[]) => {
    const [first] = it.registry.all();
    it.catalog.replace(first as VersionInService, specs, (whyNot) => reasons.push(whyNot));
    it.clock.advance(5_000);
    return it.registry.all().map(({ spec, isReady }) => `${spec.version} ${isReady}`);
  };
  assert.deepEqual(replace(it.specOf('4', 'half')), ['1 true']);
  assert.match(reasons.pop() ?? '', /half a file/);
  assert.deepEqual(replace(it.specOf('2'), it.specOf('3')), ['2 true', '3 true']);
  assert.deepEqual(replace(it.specOf('3')), ['3 true']);
  assert.deepEqual(replace(), []);
  assert.deepEqual(reasons, [undefined, undefined, undefined]);
  assert.deepEqual(it.registry.draining(), []);
});
