import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { RolloutSettings } from '../../config/rollout-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { VersionInService } from '../version/version-in-service.ts';
import type { VersionSpec } from '../version/version-spec.ts';
import { Catalog } from './catalog.ts';
import type { RolledOut } from './rollout.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A catalog with a serving version; files that hold `half a file` cannot be loaded. */
function setUp(rollout: Partial<RolloutSettings> = {}, whyNoRoom?: () => string | undefined) {
  const clock = new VirtualClock();
  const artefacts = new Map<string, string>();
  const catalog = new Catalog<VersionSpec>({
    ...{ clock, gracePeriodMs: 10_000 },
    whyNoRoom,
    make: (spec) => {
      const well = wellBehaved({ metadata: METADATA, credits: 2, loadMs: 200, serviceMs: () => 30 });
      const half = () => ({ kind: 'failed', afterMs: 50, message: 'half a file' }) as const;
      const spawner = new SimulatedSpawner(clock, spec.file === 'half' ? { ...well, load: half } : well);
      return new VersionInService(spec, { clock, random: seededRandom('swap'), spawner });
    },
  });
  const { registry } = catalog;
  const settings = ModelSettings.parse({ replicas: 2, batching: { maxBatchSize: 4 }, rollout });
  const specOf = (version: string, file = 'm', model = 'm'): VersionSpec => ({
    ...{ model, version, file, ownSample: [], settings },
    artefact: artefacts.get(file),
  });
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

test('apply swaps what has changed, in its file, settings or contents', () => {
  const it = setUp();
  const apply = (...specs: VersionSpec[]) => {
    const rolledOut: string[] = [];
    const stop = it.catalog.rolling.rolledOut.on(({ spec, result }) =>
      rolledOut.push(`${spec.version} ${result.kind}`),
    );
    it.catalog.apply({ specs });
    it.clock.advance(5_000);
    stop();
    return rolledOut;
  };
  assert.deepEqual(apply(it.specOf('1')), []);
  it.artefacts.set('m', 'other bytes');
  assert.deepEqual(apply(it.specOf('1')), ['1 done']);
  it.artefacts.clear();
  assert.deepEqual(apply(it.specOf('1', 'elsewhere')), ['1 done']);
  assert.deepEqual(apply(it.specOf('1', 'half')), ['1 kept']);
  const settings = { ...it.specOf('1').settings, timeoutMs: 1 };
  assert.deepEqual(apply({ ...it.specOf('1', 'elsewhere'), settings }), ['1 done']);
  assert.deepEqual(apply(it.specOf('7')), ['7 done']);
  assert.deepEqual(
    it.registry.all().map(({ name }) => name),
    ['m/7'],
  );
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

/** Applies what is desired of models and lets it take effect; returns the names of the versions that serve. */
function applied(
  it: ReturnType<typeof setUp>,
  ...desired: Parameters<(typeof it.catalog)['apply']>
): string[] {
  it.catalog.apply(...desired);
  it.clock.advance(5_000);
  return it.registry
    .all()
    .filter(({ isReady }) => isReady)
    .map(({ name }) => name)
    .sort();
}

test('models are added and removed while others serve', () => {
  const it = setUp();
  const [one, other] = [it.specOf('1'), it.specOf('1', 'm', 'other')];
  assert.deepEqual(applied(it, { specs: [one, other] }), ['m/1', 'other/1']);
  assert.deepEqual(applied(it, { specs: [other] }), ['other/1']);
  assert.equal(it.old.supervisor.isStopped, true);
  assert.deepEqual(it.registry.draining(), []);
  assert.deepEqual(applied(it, { specs: [] }), []);
});

test('a model that is broken or being changed keeps what serves', () => {
  const it = setUp();
  assert.deepEqual(applied(it, { specs: [], broken: new Set(['m']) }), ['m/1']);
  assert.deepEqual(applied(it, { specs: [it.specOf('2')], held: new Set(['m']) }), ['m/1']);
  assert.deepEqual(applied(it, { specs: [it.specOf('2')] }), ['m/2']);
});

test('a version that fails is not loaded again before it has changed, or is asked for', () => {
  const it = setUp();
  const began: string[] = [];
  it.catalog.rolling.began.on(({ new: { name } }) => began.push(name));
  const broken = { specs: [it.specOf('2', 'half')] };
  assert.deepEqual(applied(it, broken), ['m/1']);
  assert.deepEqual(applied(it, broken), ['m/1']);
  assert.deepEqual(began, ['m/2']);
  assert.match(it.catalog.unserved()[0]?.reason ?? '', /half a file/);
  applied(it, { ...broken, retried: new Set(['m']) });
  assert.deepEqual(began, ['m/2', 'm/2']);
  assert.deepEqual(applied(it, { specs: [it.specOf('2')] }), ['m/2']);
  assert.deepEqual(it.catalog.unserved(), []);
  assert.deepEqual(applied(it, { specs: [it.specOf('2')], anew: new Set(['m']) }), ['m/2']);
  assert.deepEqual(began, ['m/2', 'm/2', 'm/2', 'm/2']);
});

test('a version that is not desired any more is not switched in', () => {
  const it = setUp();
  it.catalog.apply({ specs: [it.specOf('2')] });
  it.clock.advance(100);
  assert.deepEqual(applied(it, { specs: [it.specOf('1')] }), ['m/1']);
  assert.deepEqual(it.registry.draining(), []);
});

for (const next of ['1', '2']) {
  test(`a version that was replaced by version ${next} stays loaded, and serves again at once after a rollback`, () => {
    const it = setUp({ keepPrevious: true });
    assert.match(it.catalog.rollBack('m') ?? '', /no previous version of 'm' is kept/);
    it.artefacts.set('m', 'new');
    const desired = { specs: [it.specOf(next)] };
    assert.deepEqual(applied(it, desired), [`m/${next}`]);
    assert.notEqual(it.registry.find('m', undefined), it.old);
    assert.equal(it.catalog.rollBack('m'), undefined);
    assert.equal(it.registry.find('m', undefined), it.old);
    // What was taken back is not served again before it changes, or an operator asks for it.
    assert.deepEqual(applied(it, desired), ['m/1']);
    assert.equal(it.registry.find('m', undefined), it.old);
    assert.equal(it.catalog.rollBack('m'), undefined);
    assert.notEqual(it.registry.find('m', undefined), it.old);
    assert.deepEqual(applied(it, { specs: [it.specOf('3')] }), ['m/3']);
    assert.equal(it.registry.draining().length, 1);
    assert.deepEqual(applied(it, { specs: [] }), []);
    assert.deepEqual(it.registry.draining(), []);
    assert.equal(it.catalog.isStopped, true);
  });
}

test('a rollout is refused before it begins where there is no room for both versions', () => {
  const it = setUp({}, () => 'no room');
  assert.deepEqual(applied(it, { specs: [it.specOf('2')] }), ['m/1']);
  assert.deepEqual(
    it.catalog.unserved().map(({ reason }) => reason),
    ['no room'],
  );
});

test('with recreate the old version ends before the new one loads, and comes back when that fails', () => {
  const it = setUp({ strategy: 'recreate' }, () => 'no room');
  let most = 0;
  const count = () => {
    const loaded = [...it.registry.all(), ...it.registry.draining()];
    most = Math.max(most, loaded.filter(({ supervisor }) => supervisor.replicas().length > 0).length);
  };
  it.catalog.apply({ specs: [it.specOf('2')] });
  for (let ms = 0; ms < 5_000; ms += 10) {
    it.clock.advance(10);
    count();
  }
  assert.equal(most, 1);
  assert.equal(it.old.supervisor.isStopped, true);
  assert.deepEqual(applied(it, { specs: [it.specOf('2')] }), ['m/2']);
  assert.deepEqual(applied(it, { specs: [it.specOf('3', 'half')] }), ['m/2']);
  assert.match(it.catalog.unserved()[0]?.reason ?? '', /half a file/);
});

test('a label stands for a version, and moves without a reload', () => {
  const it = setUp();
  const labelled = (stable: number) => {
    const spec = it.specOf('1');
    return { ...spec, settings: { ...spec.settings, labels: { stable } } };
  };
  const other = { ...labelled(1), version: '2' };
  applied(it, { specs: [labelled(1), other] });
  assert.equal(it.registry.find('m', 'stable'), it.old);
  const both = { ...labelled(2), version: '2' };
  applied(it, { specs: [labelled(2), both] });
  const found = it.registry.find('m', 'stable');
  assert.equal(isRefusal(found) ? found.message : found.name, 'm/2');
  const unknown = it.registry.find('m', 'canary');
  assert.match(isRefusal(unknown) ? unknown.message : '', /available versions: 1, 2, stable/);
});

test('the same load that fails again and again is tried less and less often, until it changes', () => {
  const it = setUp();
  const began: number[] = [];
  it.catalog.rolling.began.on(() => began.push(it.clock.now()));
  const { settings, ...spec } = it.specOf('2', 'half');
  const restart = { ...settings.health.restart, retryFailedMs: 1_000 };
  const failing = { ...spec, settings: { ...settings, health: { ...settings.health, restart } } };
  it.catalog.apply({ specs: [failing] });
  it.clock.advance(120_000);
  const waits = began.slice(1).map((at, index) => Math.round((at - (began[index] as number)) / 1_000));
  assert.deepEqual(waits.slice(0, 7), [1, 2, 4, 8, 16, 30, 30]);
  began.length = 0;
  it.catalog.apply({ specs: [{ ...failing, artefact: 'changed' }] });
  it.clock.advance(1_500);
  assert.equal(began.length, 2);
  it.catalog.stop('kill');
});
