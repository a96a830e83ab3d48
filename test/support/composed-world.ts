import assert from 'node:assert/strict';
import { isRefusal, type Refusal } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { asPipeline } from '../../src/config/as-pipeline.ts';
import { ModelSettings } from '../../src/config/model-settings.ts';
import { Catalog } from '../../src/fleet/catalog/catalog.ts';
import { VersionInService } from '../../src/fleet/version/version-in-service.ts';
import type { VersionSpec } from '../../src/fleet/version/version-spec.ts';
import { InnerCalls } from '../../src/gateway/composition/inner-calls.ts';
import { PipelineSpawner } from '../../src/gateway/composition/pipeline-spawner.ts';
import { RouteTable } from '../../src/gateway/routes/route-table.ts';
import type { Answer } from '../../src/model/inference.ts';
import type { Spawner } from '../../src/replica/replica.ts';
import { ANONYMOUS } from '../../src/serving/admission/request-facts.ts';
import { type SimulatedBehaviour, wellBehaved } from '../../src/simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../src/simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';

const QUIET = { warmup: { enabled: false }, health: { readiness: { enabled: false } } };
/** The form of a simulated model. */
export const metadata = (output = 'y') => ({
  platform: 'simulated',
  inputs: [{ name: 'x', datatype: 'UINT8' as const, shape: [-1] }],
  outputs: [{ name: output, datatype: 'UINT8' as const, shape: [-1] }],
  readsParameters: false,
});

/** Simulated models and pipelines on one clock. */
export function composedWorld() {
  const clock = new VirtualClock();
  const random = seededRandom('test');
  const spawners = new Map<string, Spawner>();
  const make = (spec: VersionSpec) =>
    new VersionInService(spec, { clock, random, spawner: spawners.get(spec.model) as Spawner });
  const catalog = new Catalog({ clock, make, gracePeriodMs: 1_000 });
  const { registry } = catalog;
  const table = new RouteTable({ clock, random, registry });
  const calls = new InnerCalls({ clock, random, registry, table });
  const specOf = (model: string, settings: object) => {
    return {
      model,
      version: '1',
      file: model,
      ownSample: [],
      settings: ModelSettings.parse({ ...QUIET, ...settings }),
    };
  };
  const simulated = (
    model: string,
    ms: number,
    more: Partial<SimulatedBehaviour> = {},
    settings: object = {},
  ) => {
    const behaviour = wellBehaved({ metadata: metadata(), credits: 1, loadMs: 1, serviceMs: () => ms });
    const spawner = new SimulatedSpawner(clock, { ...behaviour, ...more });
    spawners.set(model, spawner);
    const version = catalog.open(specOf(model, { batching: { rows: 'independent' }, ...settings }));
    version.start();
    return { version, spawner };
  };
  const pipeline = (model: string, settings: object) => {
    const own = specOf(model, { pipeline: settings });
    const spec = { ...own, settings: asPipeline(own.settings) };
    assert.ok(spec.settings.pipeline !== undefined);
    const made = { name: `${model}/1`, pipeline: spec.settings.pipeline, heartbeatPeriodMs: 1_000 };
    spawners.set(model, new PipelineSpawner(clock, calls, made));
    const version = catalog.open(spec);
    version.start();
    return version;
  };
  const ask = (version: VersionInService, { timeoutMs = 30_000, tenant = 'someone', priority = 0 } = {}) => {
    const seen: { outcome: Answer | Refusal | undefined; atMs: number } = { outcome: undefined, atMs: 0 };
    const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [1], data: bytesOf(new Uint8Array(1)) }];
    const request = { id: 'r', inputs, parameters: {}, timeoutMs, priority };
    const settled = (outcome: Answer | Refusal) => Object.assign(seen, { outcome, atMs: clock.now() });
    const entry = version.submit(request, settled, { ...ANONYMOUS, tenant: { name: tenant, weight: 1 } });
    if (isRefusal(entry)) settled(entry);
    return { entry, seen };
  };
  let replaced = 0;
  const replaceBy = (model: string, ms: number, form: SimulatedBehaviour['metadata']) => {
    const behaviour = wellBehaved({ metadata: form, credits: 1, loadMs: 1, serviceMs: () => ms });
    spawners.set(model, new SimulatedSpawner(clock, behaviour));
    const [before] = registry.versionsOf(model);
    replaced += 1;
    catalog.swap(before as VersionInService, specOf(model, { timeoutMs: 9_000 + replaced }), () => {});
  };
  return { clock, catalog, calls, table, simulated, pipeline, ask, replaceBy };
}

/** The names of the outputs, or the reason and the message of a refusal. */
export function textOf(outcome: Answer | Refusal | undefined): string {
  if (outcome === undefined) return 'none';
  return isRefusal(outcome)
    ? `${outcome.reason}: ${outcome.message}`
    : outcome.outputs.map(({ name }) => name).join();
}
