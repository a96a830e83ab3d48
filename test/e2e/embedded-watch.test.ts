import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createGalley, type Galley } from '../../src/index.ts';
import { placeVersion } from '../support/factor-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-embedded-watch-'));
const FILE = join(root, 'galley.yaml');
let galley: Galley;

function writeSettings(models: string): void {
  const quiet = 'defaults: {warmup: {enabled: false}, health: {readiness: {enabled: false}}}';
  writeFileSync(`${FILE}.new`, `log: {level: silent}\n${quiet}\nmodels: {${models}}\n`);
  renameSync(`${FILE}.new`, FILE);
}

before(async () => {
  placeVersion(join(root, 'models', 'm'), 1, 2);
  writeSettings('');
  galley = await createGalley({
    from: FILE,
    settings: { watch: { enabled: true, settleMs: 40, pollMs: 200 } },
  });
});
after(async () => {
  await galley.close();
  rmSync(root, { recursive: true });
});

/** What a target makes of 1; undefined where it is not served. */
async function factorOf(target: string): Promise<number | undefined> {
  const inputs = { x: { shape: [1, 1], data: Float32Array.of(1) } };
  const outputs = await galley.infer(target, inputs).catch(() => undefined);
  return outputs && Math.round(Number(outputs.y?.data[0]));
}

test('with watch.enabled, an application serves new versions and new settings', async () => {
  assert.equal(await factorOf('m'), 2);
  placeVersion(join(root, 'models', 'm'), 2, 3);
  await until('the new version serves', async () => (await factorOf('m')) === 3);
  writeSettings('twice: {pipeline: {steps: [{model: m, outputs: {y: z}}, {model: m, inputs: {x: z}}]}}');
  await until('the pipeline serves', async () => (await factorOf('twice')) === 9);
});
