import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { VersionInService } from '../version/version-in-service.ts';

const METADATA = {
  platform: 'simulated',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  readsParameters: false,
} as const;

function warm(settings: object, serviceMs: (batch: { readonly rows: number }, run: number) => number) {
  const clock = new VirtualClock();
  let runs = 0;
  const behaviour = wellBehaved({
    metadata: METADATA,
    credits: 1,
    loadMs: 10,
    serviceMs: (batch) => serviceMs(batch, runs++),
  });
  const spawner = new SimulatedSpawner(clock, behaviour);
  const spec = {
    model: 'm',
    version: '1',
    file: 'm',
    ownSample: [],
    settings: ModelSettings.parse({
      health: { readiness: { enabled: false } },
      batching: { maxBatchSize: 8 },
      ...settings,
    }),
  };
  const version = new VersionInService(spec, { clock, random: seededRandom('warm'), spawner });
  version.start();
  return {
    clock,
    version,
    report: () => version.supervisor.replicas().map(({ replica }) => version.warmups.reportOf(replica)),
  };
}

test('a replica takes traffic only after warmup runs of size 1, the largest size and the sizes between', () => {
  const { clock, version, report } = warm({}, (batch) => 1 + batch.rows);
  clock.advance(11);
  assert.equal(version.isReady, false);
  clock.runUntil(10_000);
  assert.equal(version.isReady, true);
  const [first] = report();
  assert.deepEqual(
    first?.sizes.map(({ batchSize }) => batchSize),
    [1, 8, 2, 4],
  );
  assert.equal(first?.isStable, true);
  assert.equal(first?.rows?.kind, 'independent');
  assert.equal(first?.sizes[1]?.stableMs, 9);
});

test('later replicas run only the smallest and the largest size', () => {
  const { clock, report } = warm({ replicas: 2 }, () => 1);
  clock.runUntil(10_000);
  assert.deepEqual(
    report().map((each) => each?.sizes.length),
    [4, 2],
  );
});

test('warmup continues while latency still falls', () => {
  const { clock, report } = warm({ batching: { maxBatchSize: 1 } }, (_, run) => 5 + 100 * 0.8 ** run);
  clock.runUntil(20_000);
  const [size] = report()[0]?.sizes ?? [];
  assert.ok((size?.runs ?? 0) > 10, `${size?.runs} runs`);
  assert.equal(size?.isStable, true);
});

test('when the budget is exhausted the replica serves, and the report shows that it is not stable', () => {
  const { clock, version, report } = warm({ warmup: { budgetMs: 500 } }, (_, run) => (run % 7 < 3 ? 10 : 90));
  clock.runUntil(20_000);
  assert.equal(version.isReady, true);
  const [first] = report();
  assert.equal(first?.isStable, false);
  // Row independence is still tested.
  assert.ok((first?.totalMs ?? 0) < 2_500, `${first?.totalMs} ms`);
  assert.equal(first?.rows?.kind, 'independent');
});
