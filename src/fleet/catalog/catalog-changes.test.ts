import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { VersionInService } from '../version/version-in-service.ts';
import type { VersionSpec } from '../version/version-spec.ts';
import { Catalog, type CatalogPorts } from './catalog.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A version of one model; its file names its contents, and `half` cannot be loaded. */
function specOf(version: string, file = 'm', settings: Parameters<typeof ModelSettings.parse>[0] = {}) {
  return {
    ...{ model: 'm', version, file: 'm', ownSample: [], artefact: file },
    settings: ModelSettings.parse(settings),
  };
}

function setUp(whyNoRoom?: CatalogPorts<VersionSpec>['whyNoRoom']) {
  const clock = new VirtualClock();
  const made: string[] = [];
  const catalog = new Catalog<VersionSpec>({
    ...{ clock, gracePeriodMs: 10_000, whyNoRoom },
    make: (spec) => {
      made.push(`${spec.version} ${spec.artefact ?? 'as at the start'}`);
      const well = wellBehaved({ metadata: METADATA, credits: 2, loadMs: 200, serviceMs: () => 30 });
      const half = () => ({ kind: 'failed', afterMs: 50, message: 'half a file' }) as const;
      const isBroken = spec.artefact === 'half' || spec.artefact === undefined;
      const spawner = new SimulatedSpawner(clock, isBroken ? { ...well, load: half } : well);
      return new VersionInService(spec, { clock, random: seededRandom('changes'), spawner });
    },
  });
  const { registry } = catalog;
  return {
    ...{ clock, catalog, registry, made },
    applied: (...specs: VersionSpec[]) => {
      catalog.apply({ specs });
      clock.advance(20_000);
    },
    served: () => registry.versionsOf('m').map(({ spec }) => spec.version),
  };
}

test('a model that could not be loaded when the server started is loaded at once when its file is mended', () => {
  const it = setUp();
  it.catalog.open({ ...specOf('1'), artefact: undefined }).start();
  it.clock.advance(60_000);
  assert.equal(it.registry.all()[0]?.state, 'failed');
  it.applied(specOf('1', 'half'));
  it.applied(specOf('1', 'half'));
  it.applied(specOf('1', 'mended'));
  assert.equal(it.registry.all()[0]?.isReady, true);
  assert.deepEqual(it.made, ['1 as at the start', '1 half', '1 mended']);
});

test('a label that moves to a version that loads stands for the old version until then', () => {
  const it = setUp();
  const labelled = (version: number) => specOf(String(version), 'm', { labels: { stable: version } });
  const found = () => {
    const version = it.registry.find('m', 'stable');
    return isRefusal(version) ? version.reason : version.name;
  };
  it.applied(labelled(1));
  it.catalog.apply({ specs: [labelled(2)] });
  it.catalog.apply({ specs: [labelled(2)] });
  assert.equal(found(), 'm/1');
  it.clock.advance(20_000);
  assert.equal(found(), 'm/2');
  it.applied(specOf('2', 'm', { labels: { stable: 9 } }));
  assert.equal(found(), 'm/2');
  it.applied(specOf('2', 'm'));
  assert.equal(found(), 'VERSION_UNKNOWN');
});

for (const next of ['2', '3']) {
  test(`a rollback while version ${next} loads lasts: neither version returns before it has changed`, () => {
    const it = setUp();
    const kept = { rollout: { keepPrevious: true } };
    it.applied(specOf('1', 'm', kept));
    it.applied(specOf('2', 'm', kept));
    const wanted = specOf(next, 'newer', kept);
    it.catalog.apply({ specs: [wanted] });
    it.clock.advance(50);
    assert.equal(it.catalog.rollBack('m'), undefined);
    it.clock.advance(20_000);
    it.applied(wanted);
    assert.deepEqual(it.served(), ['1']);
    it.applied(specOf(next, 'newest', kept));
    assert.deepEqual(it.served(), [next]);
  });
}

const KEPT = { rollout: { keepPrevious: true } };
const RECREATED = { rollout: { strategy: 'recreate', keepPrevious: true } };

for (const [how, last] of [
  ['removed', [specOf('2', 'm', KEPT)]],
  ['recreated', [specOf('1', 'newest', RECREATED), specOf('2', 'm', KEPT)]],
] as const) {
  test(`a version that is kept ends when the one that has replaced it is ${how}`, () => {
    const it = setUp();
    it.applied(specOf('1', 'm', KEPT), specOf('2', 'm', KEPT));
    it.applied(specOf('1', 'new', KEPT), specOf('2', 'm', KEPT));
    assert.equal(it.registry.draining().length, 1);
    it.applied(...last);
    assert.deepEqual(it.registry.draining(), []);
    assert.match(it.catalog.rollBack('m') ?? '', /no previous version of 'm' is kept/);
    assert.deepEqual(
      it.served(),
      last.map(({ version }) => version),
    );
  });
}

test('a version that has no room does not load others twice', () => {
  const it = setUp(({ version, artefact }) => (`${version} ${artefact}` === '1 new' ? 'no room' : undefined));
  it.applied(specOf('1'), specOf('2'));
  it.made.length = 0;
  it.applied(specOf('1', 'new'), specOf('2', 'new'), specOf('3'));
  assert.deepEqual(it.made, ['2 new', '3 m']);
  assert.deepEqual(it.served(), ['1', '2', '3']);
  assert.deepEqual(it.registry.draining(), []);
});

test('a reload of all settings does not serve a version that a rollback took back, until an operator asks for it', () => {
  const it = setUp();
  const one = new Set(['m']);
  it.applied(specOf('1', 'm', KEPT));
  it.applied(specOf('2', 'm', KEPT));
  assert.equal(it.catalog.rollBack('m'), undefined);
  it.catalog.apply({ specs: [specOf('2', 'm', KEPT)], retried: one });
  it.clock.advance(20_000);
  assert.deepEqual(it.served(), ['1']);
  it.catalog.apply({ specs: [specOf('2', 'm', KEPT)], asked: one });
  it.clock.advance(20_000);
  assert.deepEqual(it.served(), ['2']);
});
