import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askFactor, placeVersion } from '../support/factor-model.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-commands-'));
const models = join(root, 'models');
const FILE = join(root, 'galley.yaml');
const QUIET = 'defaults: {warmup: {enabled: false}, health: {readiness: {enabled: false}}}\n';
let server: RunningServer;

before(async () => {
  placeVersion(join(models, 'm'), 1, 1);
  placeVersion(join(models, 'other'), 1, 10);
  writeFileSync(FILE, QUIET);
  server = await RunningServer.start([FILE]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function command(model: string, action: string): Promise<number> {
  return (await fetch(`${server.url}/admin/models/${model}/${action}`, { method: 'POST' })).status;
}

const factorOf = async (model: string) => (await askFactor(server.url, model)).factor;

/** A model that loads once a file exists. */
function placeHeld(model: string, ready: string): void {
  writeFileSync(
    join(model, 'model.mjs'),
    `import { existsSync } from 'node:fs';
     import { defineModel } from 'galley';
     const x = { name: 'x', datatype: 'FP32', shape: [-1, -1] };
     export default defineModel({ inputs: [x], outputs: [{ ...x, name: 'y' }],
       load: async () => { while (!existsSync('${ready}')) await new Promise((resolve) => setTimeout(resolve, 20)); },
       predict: ({ x }) => ({ y: { shape: x.shape, data: x.data.map((each) => each * 30) } }) });`,
  );
}

test('a command changes its model, and no other one whose files have changed', async () => {
  placeVersion(join(models, 'm'), 1, 2);
  placeVersion(join(models, 'other'), 1, 20);
  assert.equal(await command('m', 'load'), 200);
  assert.equal(await factorOf('m'), 2);
  assert.equal(await command('m', 'unload'), 200);
  assert.equal(await command('m', 'load'), 200);
  assert.equal(server.output.stderr.match(/"model":"other".*"version loads"/g), null);
  assert.equal(await factorOf('other'), 10);
  server.kill('SIGHUP');
  await until('SIGHUP applies all changes', async () => (await factorOf('other')) === 20);
});

test('a model that the present routes lead to stays until they change, whatever else changes meanwhile', async (t) => {
  const file = join(root, 'watched.yaml');
  const [slow, ready, old] = ['slow', 'ready', 'old'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(slow);
  placeHeld(slow, ready);
  placeVersion(old, 1, 3);
  const settings = (name: string, path: string) => {
    const routes = `models: {${name}: {path: ${path}}}\nroutes: {safe: {otherwise: ${name}}}\n`;
    writeFileSync(file, `${QUIET}watch: {settleMs: 40, pollMs: 200}\n${routes}`);
  };
  settings('old', old);
  const watching = await RunningServer.start([file, '--watch']);
  t.after(async () => watching.stop());
  const factorNow = async (model: string) => (await askFactor(watching.url, model)).factor;
  assert.equal(await factorNow('safe'), 3);
  settings('slow', slow);
  await until('the new model loads', () => /"model":"slow".*"version loads"/.test(watching.output.stderr));
  placeVersion(join(models, 'other'), 1, 40);
  await until('another change is applied', async () => (await factorNow('other')) === 40);
  assert.equal(await factorNow('safe'), 3);
  writeFileSync(ready, '');
  await until('the route leads to the new model', async () => (await factorNow('safe')) === 30);
  await until('the old model is gone', async () => (await askFactor(watching.url, 'old')).status === 404);
});

test('a load that an unload ends has failed, and an unknown model cannot be unloaded', async () => {
  const late = join(models, 'late', '1');
  mkdirSync(late, { recursive: true });
  placeHeld(late, join(root, 'never'));
  const loads = command('late', 'load');
  await until('it loads', () => /"model":"late".*"version loads"/.test(server.output.stderr));
  assert.equal(await command('late', 'unload'), 200);
  assert.equal(await loads, 409);
  assert.equal(await command('late', 'unload'), 200);
  assert.equal(await command('latte', 'unload'), 404);
});

test('settings with which a model cannot be loaded do not stand in the way of the next rollout', async () => {
  const folder = join(models, 'kept');
  placeVersion(folder, 1, 1);
  assert.equal(await command('kept', 'load'), 200);
  placeVersion(folder, 2, 2);
  const load = await fetch(`${server.url}/v2/repository/models/kept/load`, {
    method: 'POST',
    body: '{"parameters":{"settings":{"signature":{"inputs":[{"name":"other","datatype":"FP32","shape":[-1,1]}]}}}}',
  });
  assert.equal(load.status, 400);
  assert.match(await load.text(), /load failed for model 'kept'.*other/);
  assert.equal(await command('kept', 'rollout?version=2'), 200);
  assert.equal(await factorOf('kept'), 2);
  assert.equal(await command('kept', 'rollout?version=1'), 200);
  assert.equal(await factorOf('kept'), 1);
});
