import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { metricOf } from '../support/asking.ts';
import { askFactor, placeVersion } from '../support/factor-model.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-called-replaced-'));
const models = join(root, 'models');
const CALLER = `import { defineModel } from 'galley';
  const tensor = (name) => ({ name, datatype: 'FP32', shape: [-1, 1] });
  export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')], uses: ['called'],
    predict: async ({ x }, _, { infer }) => infer('called', { x }) });`;
let server: RunningServer;

before(async () => {
  placeVersion(join(models, 'called'), 1, 2);
  mkdirSync(join(models, 'caller'));
  writeFileSync(join(models, 'caller', 'model.mjs'), CALLER);
  const file = join(root, 'galley.yaml');
  const readiness = { periodMs: 100, timeoutMs: 90, goldenEvery: 1 };
  writeFileSync(
    file,
    JSON.stringify({ watch: { settleMs: 40, pollMs: 200 }, defaults: { health: { readiness } } }),
  );
  server = await RunningServer.start([file, '--watch']);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

test('a model that uses another stays healthy when that one gets a new version', async () => {
  const passed = async () => metricOf(server.url, 'caller', 'galley_probes_total', { result: 'passed' });
  assert.equal((await askFactor(server.url, 'caller')).factor, 2);
  placeVersion(join(models, 'called'), 2, 5);
  await until('the new version is called', async () => (await askFactor(server.url, 'caller')).factor === 5);
  const before = await passed();
  await until('its checks pass', async () => (await passed()) > before + 2);
  assert.doesNotMatch(server.output.stderr, /the golden input returned other values/);
});
