import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ask } from '../support/asking.ts';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-integrity-'));
after(() => rmSync(root, { recursive: true }));
const FOLDER = join(root, 'models/twice/1');
const MODEL = join(FOLDER, 'model.mjs');
const LOCK = join(root, 'galley.lock');

function writeModel(factor: number): void {
  writeFileSync(
    MODEL,
    `import { defineModel } from 'galley';
     const x = { name: 'x', datatype: 'FP32', shape: [-1] };
     export default defineModel({ inputs: [x], outputs: [x],
       predict: ({ x }) => ({ x: { shape: x.shape, data: x.data.map((each) => each * ${factor}) } }) });`,
  );
}

async function answer(url: string): Promise<unknown> {
  const { status, text, output } = await ask(url, 'twice', { name: 'x', datatype: 'FP32', data: [1] });
  assert.equal(status, 200, text);
  return output('x')?.[0];
}

test('a locked model serves; files that are not listed are refused at a reload, while the old version serves', async () => {
  mkdirSync(FOLDER, { recursive: true });
  writeModel(2);
  cpSync(join(PROJECT, 'examples/models/digits/1'), join(root, 'models/digits/1'), { recursive: true });
  writeFileSync(join(root, 'galley.yaml'), 'requireLock: true\n');

  const unlocked = await galley(['check', root]);
  assert.equal(unlocked.code, 1);
  assert.match(unlocked.stderr, /requireLock is true, but .*galley\.lock does not exist: run galley lock/);

  const written = await galley(['lock', root]);
  assert.equal(written.code, 0, written.stderr);
  assert.match(written.stdout, /galley\.lock: 2 files of 2 versions listed/);

  const server = await RunningServer.start([root]);
  assert.equal(await answer(server.url), 2);
  const onnx = await fetch(`${server.url}/v2/models/digits/ready`);
  assert.equal(onnx.status, 200);

  const refused = (pattern: RegExp) => {
    server.kill('SIGHUP');
    return until(`the reload is refused: ${pattern}`, () => pattern.test(server.output.stderr));
  };
  writeModel(3);
  await refused(/models\/twice\/1\/model\.mjs has the SHA-256 [0-9a-f]{64}, wanted [0-9a-f]{64}; restore/);
  await until('the reload has ended', () => /the old version continues to serve/.test(server.output.stderr));
  assert.equal(await answer(server.url), 2);

  writeModel(2);
  writeFileSync(join(FOLDER, 'words.mjs'), 'export default 1;');
  writeFileSync(MODEL, `import './words.mjs';\n${readFileSync(MODEL, 'utf8')}`);
  await refused(/models\/twice\/1\/words\.mjs is not listed/);
  assert.equal(await answer(server.url), 2);

  const checked = await galley(['lock', root, '--check']);
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /^galley: models\/twice\/1\/model\.mjs has the SHA-256/m);
  assert.match(checked.stderr, /^galley: models\/twice\/1\/words\.mjs is not listed/m);
  assert.match(checked.stderr, /run galley lock if the change is intended/);

  writeModel(5);
  assert.equal((await galley(['lock', root])).code, 0);
  assert.match(readFileSync(LOCK, 'utf8'), /^[0-9a-f]{64} {2}models\/twice\/1\/words\.mjs$/m);
  assert.equal((await galley(['lock', root, '--check'])).code, 0);
  server.kill('SIGHUP');
  await until('the listed files are served', async () => (await answer(server.url)) === 5);
  await server.stop();
});

test('the file of a pipeline is locked like that of a model; the settings file is not', async () => {
  const folder = join(root, 'pipelines');
  const file = join(folder, 'models/once/model.yaml');
  mkdirSync(join(folder, 'models/once'), { recursive: true });
  cpSync(join(PROJECT, 'examples/models/digits/1'), join(folder, 'models/digits/1'), { recursive: true });
  writeFileSync(file, 'pipeline: {steps: [{model: digits}]}\n');
  writeFileSync(join(folder, 'galley.yaml'), 'models: {inline: {pipeline: {steps: [{model: digits}]}}}\n');
  const written = await galley(['lock', folder]);
  assert.match(written.stdout, /galley\.lock: 2 files of 2 versions listed/);
  writeFileSync(join(folder, 'galley.yaml'), 'models: {inline: {pipeline: {steps: [{model: digits/1}]}}}\n');
  assert.equal((await galley(['check', folder])).code, 0);
  writeFileSync(file, 'pipeline: {steps: [{model: digits/1}]}\n');
  const checked = await galley(['check', folder]);
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /model 'once' cannot be served: .*models\/once\/model\.yaml has the SHA-256/);
  assert.match(checked.stdout, /^ok: inline\/1/m);
});

test('with --watch, a model that was not listed is served as soon as galley lock lists it', async () => {
  const folder = join(root, 'watched');
  const copy = (name: string) =>
    cpSync(join(PROJECT, 'examples/models/digits/1'), join(folder, 'models', name, '1'), { recursive: true });
  copy('first');
  writeFileSync(join(folder, 'galley.yaml'), 'watch: {settleMs: 40, pollMs: 200}\n');
  await galley(['lock', folder]);
  const server = await RunningServer.start([folder, '--watch']);
  copy('second');
  mkdirSync(join(folder, 'models/row'));
  writeFileSync(join(folder, 'models/row/model.yaml'), 'pipeline: {steps: [{model: first}]}\n');
  const { output } = server;
  await until('the model is refused', () =>
    /models\/second\/1\/model\.onnx is not listed/.test(output.stderr),
  );
  await until('the pipeline is refused', () => /models\/row\/model\.yaml is not listed/.test(output.stderr));
  await galley(['lock', folder]);
  for (const name of ['second', 'row']) {
    const path = `${server.url}/v2/models/${name}/ready`;
    await until(`${name} is served`, async () => (await fetch(path)).status === 200);
  }
  await server.stop();
});
