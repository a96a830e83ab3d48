import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
