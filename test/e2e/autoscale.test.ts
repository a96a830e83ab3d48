import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureAutoscale } from '../../bench/scenarios/autoscale.ts';
import { galley, RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const SMALL = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] });

interface View {
  readonly state: string;
  readonly scaling: {
    readonly replicas: number;
    readonly mode: string;
    readonly last: { readonly signal: string; readonly because: string } | null;
  };
}

async function viewOf({ url }: RunningServer): Promise<View> {
  const { versions } = (await (await fetch(`${url}/admin/models/echo`)).json()) as { versions: View[] };
  return versions[0] as View;
}

test('a step of the load adds replicas, loses no request, and gives them back', async (t) => {
  const figures = await measureAutoscale((line) => t.diagnostic(line), { steadyMs: 2_000, stepMs: 3_000 });
  // How fast depends on the machine; the bench measures it.
  assert.equal(figures.failed, 0);
  assert.equal(figures.replicas, 4);
  assert.equal(figures.downs, 3);
  assert.ok(figures.firstReadyMs < 5_000, `${figures.firstReadyMs} ms`);
});

test('scale to zero and back, by traffic and by hand; the recording replays (checked when the server stops)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-autoscale-'));
  const file = join(folder, 'galley.yaml');
  const autoscaling = { minReplicas: 0, maxReplicas: 2, idleMs: 300, downWindowMs: 0, downEveryMs: 0 };
  writeFileSync(file, JSON.stringify({ models: { echo: { path: join(TEST_MODELS, 'echo'), autoscaling } } }));
  const server = await RunningServer.start([file]);
  try {
    const ask = async () => fetch(`${server.url}/v2/models/echo/infer`, { method: 'POST', body: SMALL });
    assert.equal((await ask()).status, 200);
    await until('it has no replica', async () => (await viewOf(server)).scaling.replicas === 0);
    assert.equal((await fetch(`${server.url}/health/ready`)).status, 200, 'idle is ready');
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.match((await viewOf(server)).scaling.last?.because ?? '', /a request arrived/);

    const up = await galley(['scale', 'echo', '2', '--for', '2s', '--url', server.url]);
    assert.match(up.stdout, /echo\/1 has 2 replicas until /);
    assert.equal((await viewOf(server)).scaling.mode, 'override');
    await until('the override has expired', async () => (await viewOf(server)).scaling.mode === 'hybrid');
    const again = await galley(['scale', 'echo', 'auto', '--url', server.url]);
    assert.equal(again.code, 3);
    assert.match(again.stderr, /was not set by hand/);
    for (const query of [
      'replicas=-1',
      'replicas=0',
      'replicas=1&threads=0',
      'replicas=2&forMs=x',
      'replicas=2&replicas=3',
      'count=2',
      '',
    ]) {
      const refused = await fetch(`${server.url}/admin/models/echo/scale?${query}`, { method: 'POST' });
      assert.equal(refused.status, 400, query);
    }
    const { decisions } = (await (await fetch(`${server.url}/admin/decisions?kind=scaling`)).json()) as {
      decisions: { words: string }[];
    };
    assert.ok(
      decisions.some(({ words }) => /echo\/1: 0 → 1 replicas, by activation: a request arrived/.test(words)),
    );
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
