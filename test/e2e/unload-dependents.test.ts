import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { galley, RunningServer } from '../support/running-server.ts';
import { writeSteeredModel } from '../support/steered-model.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-dependents-'));
let server: RunningServer;

const CALLER = `import { defineModel } from 'galley';
  const tensor = (name) => ({ name, datatype: 'FP32', shape: [-1] });
  export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')], uses: ['lowest'],
    predict: async ({ x }, _, { infer }) => infer('lowest', { x }) });`;
const pipeline = (...names: string[]) => ({
  pipeline: {
    steps: names.map((model, at) => ({ model, inputs: { x: `t${at}` }, outputs: { y: `t${at + 1}` } })),
  },
});

before(async () => {
  for (const name of ['own', 'shared', 'routed', 'lowest'])
    writeSteeredModel(join(root, 'models', name, '1'), { factor: 2 });
  writeFileSync(join(root, 'caller.mjs'), CALLER);
  const settings = {
    models: {
      caller: { path: './caller.mjs' },
      top: pipeline('own', 'shared', 'routed', 'caller'),
      other: pipeline('shared'),
    },
    routes: { public: { otherwise: 'routed' } },
  };
  const file = join(root, 'galley.yaml');
  writeFileSync(file, JSON.stringify(settings));
  server = await RunningServer.start([file]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function ready(): Promise<string[]> {
  const response = await fetch(`${server.url}/v2/repository/index`, {
    method: 'POST',
    body: '{"ready":true}',
  });
  return ((await response.json()) as { name: string }[]).map(({ name }) => name).toSorted();
}

async function load(model: string): Promise<void> {
  const response = await fetch(`${server.url}/v2/repository/models/${model}/load`, { method: 'POST' });
  assert.equal(response.status, 200, await response.text());
}

test('a pipeline is unloaded with the models that only it calls, over its steps and what they use', async () => {
  const response = await fetch(`${server.url}/v2/repository/models/top/unload`, {
    method: 'POST',
    body: JSON.stringify({ parameters: { unload_dependents: true } }),
  });
  assert.equal(response.status, 200, await response.text());
  assert.deepEqual(await ready(), ['other', 'routed', 'shared']);
});

test('the command does the same for a model in JavaScript; without the option, what it uses stays', async () => {
  await load('lowest');
  await load('caller');
  assert.match((await galley(['unload', 'caller', '--url', server.url])).stdout, /caller is unloaded/);
  assert.deepEqual(await ready(), ['lowest', 'other', 'routed', 'shared']);
  await load('caller');
  await galley(['unload', 'caller', '--dependents', '--url', server.url]);
  assert.deepEqual(await ready(), ['other', 'routed', 'shared']);
});
