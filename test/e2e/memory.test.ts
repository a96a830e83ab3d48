import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { machineBudget } from '../../src/app/machine/machine.ts';
import { createServer, type RunningServer } from '../../src/index.ts';
import { askFactor, placeVersion } from '../support/factor-model.ts';
import { until } from '../support/until.ts';

const MEBIBYTE = 2 ** 20;
/** Room for one replica and not for two: each holds some 60 MiB. */
const ROOM_BYTES = 90 * MEBIBYTE;
const root = mkdtempSync(join(tmpdir(), 'galley-memory-'));
let server: RunningServer;

before(async () => {
  for (const [name, factor] of [
    ['rare', 1],
    ['often', 2],
    ['kept', 3],
  ] as const) {
    placeVersion(join(root, name), 1, factor);
  }
  const { memoryBytes } = machineBudget({ overcommit: 1, standbyProcesses: 0, reserveBytes: 0, devices: {} });
  const health = { heartbeatPeriodMs: 100, readiness: { enabled: false } };
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' } },
      machine: { reserveBytes: memoryBytes - ROOM_BYTES },
      defaults: { warmup: { enabled: false }, health },
      models: { rare: { evictable: true }, often: { evictable: true } },
    },
  });
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function replicasOf(model: string): Promise<number> {
  const response = await fetch(`${server.url}/admin/models/${model}`);
  const { versions } = (await response.json()) as { versions: { replicas: { state: string }[] }[] };
  return versions.flatMap(({ replicas }) => replicas).filter(({ state }) => state === 'ready').length;
}

test('models that may be unloaded are when memory is short, and the next request loads them again', async () => {
  await until(
    'both are unloaded',
    async () => (await replicasOf('rare')) + (await replicasOf('often')) === 0,
  );
  assert.equal(await replicasOf('kept'), 1);
  assert.equal((await fetch(`${server.url}/v2/health/ready`)).status, 200);
  const answers = await Promise.all([askFactor(server.url, 'rare'), askFactor(server.url, 'rare')]);
  assert.deepEqual(
    answers.map(({ status, factor }) => [status, factor]),
    [
      [200, 1],
      [200, 1],
    ],
  );
  const decisions = await (await fetch(`${server.url}/admin/decisions?kind=scaling&model=rare`)).text();
  assert.match(decisions, /the replicas of all models hold \d+ MiB of 90 MiB/);
  assert.match(decisions, /a request arrived while it was unloaded/);
});

test('a version for which there is no memory beside the old one is refused before it begins', async () => {
  placeVersion(join(root, 'kept'), 2, 4);
  const load = async (settings: object) => {
    const response = await fetch(`${server.url}/v2/repository/models/kept/load`, {
      method: 'POST',
      body: JSON.stringify({ parameters: { settings } }),
    });
    return { status: response.status, text: await response.text() };
  };
  const refused = await load({});
  assert.equal(refused.status, 400);
  assert.match(
    refused.text,
    /needs about \d+ MiB beside the \d+ MiB that are in use.*rollout\.strategy: recreate/,
  );
  assert.equal((await askFactor(server.url, 'kept')).version, '1');
  assert.deepEqual(await load({ rollout: { strategy: 'recreate' } }), { status: 200, text: '{}' });
  const { version, factor } = await askFactor(server.url, 'kept');
  assert.deepEqual([version, factor], ['2', 4]);
});
