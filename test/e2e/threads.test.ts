import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { childrenOf, isAlive } from '../support/processes.ts';
import { RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const SMALL = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] });

interface View {
  readonly replicas: readonly { readonly state: string; readonly placement: { readonly threads: number } }[];
}

async function withServer(settings: object, use: (server: RunningServer) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-threads-'));
  const file = join(folder, 'galley.yaml');
  const model = { path: join(TEST_MODELS, 'echo'), ...settings };
  writeFileSync(file, JSON.stringify({ machine: { overcommit: 2 }, models: { echo: model } }));
  const server = await RunningServer.start([file]);
  try {
    await use(server);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

test('replicas are replaced by larger ones while requests are answered', async () => {
  await withServer({ replicas: 1 }, async ({ url }) => {
    let isDone = false;
    const statuses = new Set<number>();
    const asking = (async () => {
      while (!isDone) {
        const response = await fetch(`${url}/v2/models/echo/infer`, { method: 'POST', body: SMALL });
        statuses.add(response.status);
        await response.text();
      }
    })();
    const resized = await fetch(`${url}/admin/models/echo/scale?threads=2`, { method: 'POST' });
    assert.equal(resized.status, 200);
    await until('the replica is a larger one', async () => {
      const { versions } = (await (await fetch(`${url}/admin/models/echo`)).json()) as { versions: View[] };
      const { replicas = [] } = versions[0] ?? {};
      return (
        replicas.length === 1 &&
        replicas.every(({ state, placement }) => state === 'ready' && placement.threads === 2)
      );
    });
    isDone = true;
    await asking;
    assert.deepEqual([...statuses], [200]);
    const tooMany = await fetch(`${url}/admin/models/echo/scale?threads=200`, { method: 'POST' });
    assert.equal(tooMany.status, 409);
  });
});

test('a stop ends a measurement of threads, and leaves no process', async () => {
  const children: number[] = [];
  await withServer({ threads: 'auto' }, async ({ pid }) => {
    children.push(...(await until('it measures', () => childrenOf(pid).length > 1 && childrenOf(pid))));
  });
  assert.deepEqual(children.filter(isAlive), []);
});
