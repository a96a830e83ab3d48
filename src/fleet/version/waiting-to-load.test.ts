import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { ReplicaState } from '../../replica/replica-state.ts';
import { type SimulatedLoad, wellBehaved } from '../../simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../simulate/backends/simulated-spawner.ts';
import { Loads } from '../../simulate/faults/loads.ts';
import { BoundedSpawnQueue } from '../lifecycle/spawn-queue.ts';
import { VersionInService } from './version-in-service.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };
const WELL: SimulatedLoad = { kind: 'loaded', afterMs: 200 };

/** Versions that share a spawn queue; `load` decides by version, replica and incarnation. */
function setUp(
  places: number,
  replicas: readonly number[],
  load: (version: string, replica: number, incarnation: number) => SimulatedLoad,
) {
  const clock = new VirtualClock();
  const queue = new BoundedSpawnQueue(clock, places);
  const well = wellBehaved({ metadata: METADATA, credits: 1, loadMs: 200, serviceMs: () => 5 });
  const processes = new SimulatedSpawner(clock, {
    ...well,
    load: (id, incarnation) => load(id.split('#')[0] ?? '', Number(id.split('#')[1]), incarnation),
  });
  const spawner = new Loads(processes, queue);
  const versions = replicas.map((count, index) => {
    const settings = ModelSettings.parse({
      replicas: count,
      warmup: { enabled: false },
      health: {
        startupTimeoutMs: 1_000,
        drainTimeoutMs: 500,
        readiness: { enabled: false },
        restart: { initialDelayMs: 100, maxDelayMs: 400, retryFailedMs: 2_000 },
      },
    });
    const spec = { model: `m${index}`, version: '1', file: 'm', ownSample: [], settings };
    const ports = { clock, random: seededRandom('waiting'), spawner, spawnQueue: queue };
    return new VersionInService(spec, ports);
  });
  const states = () => versions.flatMap(({ supervisor }) => supervisor.replicas().map(({ state }) => state));
  const count = (state: ReplicaState) => states().filter((each) => each === state).length;
  return { clock, queue, spawner, processes, versions, states, count };
}

test('replicas beyond the bound wait, visibly and with the reason, and load one after the other', () => {
  const { clock, versions, states } = setUp(2, [2, 2], () => WELL);
  const moves: string[] = [];
  for (const { supervisor } of versions)
    supervisor.lifecycle.moved.on(({ replica, from, to, reason }) => {
      if (to === 'waiting' || from === 'waiting') moves.push(`${replica} ${to}: ${reason}`);
    });
  for (const version of versions) version.start();
  assert.deepEqual(states(), ['starting', 'starting', 'waiting', 'waiting']);
  assert.equal(versions[1]?.whyNotReady, 'starting');
  clock.advance(210);
  assert.deepEqual(states(), ['ready', 'ready', 'starting', 'starting']);
  assert.deepEqual(moves, [
    'm1/1#0 waiting: replica added; as many replicas load as maxLoadingReplicas allows',
    'm1/1#1 waiting: replica added; as many replicas load as maxLoadingReplicas allows',
    'm1/1#0 starting: replica added',
    'm1/1#1 starting: replica added',
  ]);
  clock.advance(210);
  assert.deepEqual(states(), ['ready', 'ready', 'ready', 'ready']);
});

test('the startup timeout counts from the start of the process, not from the wait for it', () => {
  const { clock, states } = ((it) => {
    for (const version of it.versions) version.start();
    return it;
  })(setUp(1, [4], () => ({ kind: 'loaded', afterMs: 900 })));
  clock.advance(3_650);
  assert.deepEqual(states(), ['ready', 'ready', 'ready', 'ready']);
});

test('a replica that waits can be removed or stopped, and an operator cannot restart it past the queue', () => {
  const { clock, queue, versions, states } = setUp(1, [3], () => WELL);
  const [version] = versions as [VersionInService];
  version.start();
  const [one = { device: 'cpu', threads: 1 }] = version.supervisor.replicas().map((it) => it.placement);
  assert.match(version.operate('restart', 'm0/1#1') ?? '', /is waiting, which allows no restart/);
  version.scale([one, one]);
  assert.deepEqual(states(), ['starting', 'waiting']);
  version.stop('drain');
  assert.equal(queue.waiting, 0);
  clock.advance(2_000);
  assert.deepEqual([version.supervisor.isStopped, queue.held], [true, 0]);
});

test('whatever happens to replicas while they load, the bound holds, and every place is given back once', () => {
  const load = fc.constantFrom<SimulatedLoad>(
    ...([WELL, { kind: 'loaded', afterMs: 0 }, { kind: 'failed', afterMs: 50, message: 'no' }] as const),
    ...([{ kind: 'die', afterMs: 30 }, { kind: 'hang' }, { kind: 'not started' }] as const),
  );
  const act = fc.record({
    atMs: fc.integer({ min: 0, max: 5_000 }),
    version: fc.nat(2),
    kind: fc.constantFrom(...(['scale', 'stop', 'kill', 'restart'] as const)),
    count: fc.integer({ min: 0, max: 4 }),
  });
  const plan = fc.record({
    places: fc.integer({ min: 1, max: 3 }),
    replicas: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    loads: fc.array(load, { minLength: 1, maxLength: 12 }),
    acts: fc.array(act, { maxLength: 8 }),
  });
  fc.assert(
    fc.property(plan, ({ places, replicas, loads, acts }) => {
      let loaded = 0;
      // The first loads go as drawn; after them everything loads.
      const it = setUp(places, replicas, () => loads[loaded++] ?? WELL);
      for (const version of it.versions) version.start();
      const stopped = new Set<VersionInService>();
      for (const { atMs, version: index, kind, count } of acts) {
        const version = it.versions[index % it.versions.length] as VersionInService;
        it.clock.at(atMs, () => {
          const placement = { device: 'cpu', threads: 1 } as const;
          if (stopped.has(version)) return;
          if (kind === 'scale') version.scale(Array.from({ length: count }, () => placement));
          else if (kind === 'restart') version.operate('restart', `${version.name}#${count}`);
          else if (kind === 'kill')
            it.processes.children.get(`${version.name}#${count}`)?.end(null, 'SIGKILL');
          else {
            stopped.add(version);
            version.stop(count % 2 === 0 ? 'drain' : 'kill');
          }
        });
      }
      it.clock.runUntil(60_000);
      for (const version of it.versions) {
        const states = version.supervisor.replicas().map(({ state }) => state);
        assert.ok(
          states.every((state) => state === 'ready'),
          `${version.name}: ${states}`,
        );
        if (stopped.has(version)) assert.equal(version.supervisor.isStopped, true);
        else version.stop('drain');
      }
      it.clock.advance(5_000);
      assert.deepEqual(it.spawner.violations(places), []);
    }),
    { numRuns: 200 },
  );
});
