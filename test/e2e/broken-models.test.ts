import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from '../../src/app/create-server.ts';
import { childrenOf, isAlive } from '../support/processes.ts';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-broken-'));
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true });
});
let folders = 0;
const ECHO = `import { defineModel } from 'galley';
  const x = { name: 'x', datatype: 'FP32', shape: [-1, -1] };
  export default defineModel({ inputs: [x], outputs: [x], predict: ({ x }) => ({ x }) });`;

/** A repository with a working model and the given ones. */
function repository(
  more: (models: string) => void,
  settings = '',
  defaults = 'warmup: {budgetMs: 1000}',
): string {
  const folder = join(root, String(folders++));
  const models = join(folder, 'models');
  mkdirSync(models, { recursive: true });
  write(models, { 'echo/model.mjs': ECHO });
  more(models);
  writeFileSync(join(folder, 'galley.yaml'), `defaults: {${defaults}}\n${settings}`);
  return folder;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function echo(url: string, model = 'echo', version?: string): Promise<number> {
  const at = version === undefined ? '' : `/versions/${version}`;
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] });
  return (await fetch(`${url}/v2/models/${model}${at}/infer`, { method: 'POST', body })).status;
}

async function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const EVERYTHING_BROKEN = (models: string) => {
  write(models, {
    'corrupt/1/model.onnx': 'this is no model',
    'throwing/1/model.mjs': 'throw new Error("no such luck")',
    'unwarm/1/model.mjs': `import { defineModel } from 'galley';
      const x = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
      export default defineModel({ inputs: [x], outputs: [x], predict() { throw new Error('not today'); } });`,
    'unwarm/model.yaml': 'warmup: {sample: sample.json}',
    'unwarm/sample.json': '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}',
    'settings/1/model.mjs': '',
    'settings/model.yaml': 'replicas: none\n',
    'syntax/1/model.mjs': '',
    'syntax/model.yaml': 'replicas: [1\n',
    'greedy/1/model.mjs': '',
    'greedy/model.yaml': 'threads: 4096\n',
    'sampleless/1/model.mjs': '',
    'sampleless/model.yaml': 'warmup: {sample: nowhere.json}\n',
    'notes/readme.txt': '',
  });
  mkdirSync(join(models, 'hollow/1'), { recursive: true });
  mkdirSync(join(models, 'lost+found'));
  symlinkSync('/no/such/model.onnx', join(models, 'gone.onnx'));
};
const BROKEN: Readonly<Record<string, RegExp>> = {
  corrupt: /corrupt\/1 is failed: .+/,
  throwing: /throwing\/1 is failed: no such luck/,
  unwarm: /unwarm\/1 is failed: warmup failed: .*not today/,
  settings: /settings\/1 is failed: .*'replicas' is "none", wanted a whole number of at least 1/,
  syntax: /syntax\/1 is failed: .*model\.yaml: line 2, column 1: an earlier bracket or brace is not closed/,
  greedy: /greedy\/1 is failed: threads is 4096, wanted at most the number of available cores/,
  sampleless: /sampleless\/1 is failed: warmup\.sample 'nowhere\.json' was not found/,
  hollow: /hollow\/1 is failed: .*1 contains no files, wanted model\.onnx/,
  gone: /gone\/1 is failed: .*gone\.onnx is a link to \/no\/such\/model\.onnx, which does not exist/,
};

test('with broken models the server is up, reports why it is not ready, and serves the rest', async () => {
  const server = await RunningServer.start([repository(EVERYTHING_BROKEN), '--log-level', 'info']);
  assert.equal(await echo(server.url), 200);
  assert.equal((await get(`${server.url}/health/live`)).status, 200);
  // Started all the same: an orchestrator would end a server that does not start, with all its models.
  assert.equal((await get(`${server.url}/health/startup`)).status, 200);
  const ready = await get(`${server.url}/health/ready`);
  assert.equal(ready.status, 503);
  assert.doesNotMatch(ready.text, /echo/);
  for (const [model, pattern] of Object.entries(BROKEN)) {
    assert.match(ready.text.replaceAll('\\"', '"'), pattern);
    assert.equal(await echo(server.url, model), 503, model);
    assert.match(server.output.stdout, new RegExp(`FAILED {2}model '${model}/1' cannot be served: `));
  }
  assert.match(server.output.stdout, /is up, but NOT READY, after .* and serves:/);
  assert.match(server.output.stdout, /^ {2}echo\/1 /m);
  assert.match(server.output.stderr, /notes is skipped: it contains no model/);
  assert.match(server.output.stderr, /lost\+found is skipped/);
  assert.doesNotMatch(server.output.stdout + server.output.stderr, /^\s+at .*\.js:\d+/m);
  server.kill('SIGTERM');
  assert.equal(await server.ended(), 0);
});

test('a broken model that is not required does not affect readiness', async () => {
  const folder = repository((models) => {
    write(models, { 'corrupt/1/model.onnx': 'this is no model' });
    mkdirSync(join(models, 'hollow/1'), { recursive: true });
  }, 'models: {corrupt: {required: false}, hollow: {required: false}}');
  const server = await RunningServer.start([folder]);
  assert.equal((await get(`${server.url}/health/ready`)).status, 200);
  assert.match(server.output.stdout, /Galley \S+ is ready after/);
  assert.match(server.output.stdout, /FAILED {2}model 'hollow\/1'/);
  assert.match(server.output.stdout, /not needed for readiness/);
  await server.stop();
});

test('models that are fixed while the server runs are served, with their present settings', async () => {
  const folder = repository(
    (models) => {
      write(models, { 'late/1/model.onnx': 'not yet', 'settings/model.yaml': 'replicas: none' });
      mkdirSync(join(models, 'hollow/00000007'), { recursive: true });
    },
    'models: {later: {versions: all}}',
    'warmup: {enabled: false}, health: {restart: {retryFailedMs: 300}}',
  );
  const models = join(folder, 'models');
  const server = await RunningServer.start([folder]);
  assert.match(
    (await get(`${server.url}/health/ready`)).text,
    /later\/1 is failed: it has settings but no model file/,
  );
  write(models, {
    'settings/model.yaml': 'replicas: 2',
    'settings/model.mjs': ECHO,
    'hollow/00000007/model.mjs': ECHO,
    '.later/1/model.mjs': ECHO,
    '.later/2/model.mjs': ECHO,
  });
  // At once: if one version were there first, they would not be found together.
  renameSync(join(models, '.later'), join(models, 'later'));
  cpSync(join(PROJECT, 'examples/models/digits/1/model.onnx'), join(models, 'late/1/model.onnx'));
  await until('all are fixed', async () => (await get(`${server.url}/health/ready`)).status === 200, 20_000);
  for (const [model, version] of [
    ['hollow', '7'],
    ['hollow', '00000007'],
    ['settings'],
    ['later', '1'],
    ['later', '2'],
  ]) {
    await until(`${model} ${version} serves`, async () => (await echo(server.url, model, version)) === 200);
  }
  const { text } = await get(`${server.url}/admin/models`);
  const listed = (
    JSON.parse(text) as { models: { name: string; versions: { version: string; replicas: object[] }[] }[] }
  ).models;
  const settings = listed.find(({ name }) => name === 'settings');
  assert.equal(settings?.versions[0]?.replicas.length, 2, text);
  assert.deepEqual(
    listed.find(({ name }) => name === 'hollow')?.versions.map(({ version }) => version),
    ['7'],
  );
  await server.stop();
});

test('serving versions do not change while others of the model are fixed or removed', async () => {
  const folder = repository(
    (models) => {
      write(models, { 'm/1/model.mjs': ECHO });
      for (const version of ['m/2', 'm/3', 'gone/1']) mkdirSync(join(models, version), { recursive: true });
    },
    'models: {m: {versions: all}}',
    'warmup: {enabled: false}, health: {restart: {retryFailedMs: 300}}',
  );
  const models = join(folder, 'models');
  const server = await RunningServer.start([folder]);
  const states = async () => {
    const { text } = await get(`${server.url}/admin/models`);
    type Listed = {
      name: string;
      versions: { version: string; state: string; replicas: { incarnation: number }[] }[];
    };
    return (JSON.parse(text) as { models: Listed[] }).models.flatMap(({ name, versions }) =>
      versions.map(
        ({ version, state, replicas }) => `${name}/${version} ${state} ${replicas[0]?.incarnation}`,
      ),
    );
  };
  assert.deepEqual(
    (await states()).filter((state) => state.startsWith('m/1')),
    ['m/1 ready 1'],
  );
  assert.equal((await states()).length, 5);
  const children = childrenOf(server.pid);
  assert.equal(children.length, 2);
  write(models, { 'm/2/model.mjs': ECHO });
  rmSync(join(models, 'm/3'), { recursive: true });
  rmSync(join(models, 'gone'), { recursive: true });
  await until('it is ready', async () => (await get(`${server.url}/health/ready`)).status === 200);
  await until('the removed version is gone', async () => (await states()).length === 3);
  assert.deepEqual((await states()).sort(), ['echo/1 ready 1', 'm/1 ready 1', 'm/2 ready 1']);
  assert.deepEqual(children.filter(isAlive), children);
  assert.equal(childrenOf(server.pid).length, 3);
  await server.stop();
});

test('with every model broken the server still reports which and why', async () => {
  const folder = join(root, 'all-broken');
  write(folder, { 'a/1/model.onnx': 'no', 'b/1/model.mjs': 'throw new Error("no")' });
  const server = await RunningServer.start([folder]);
  assert.match(server.output.stdout, /NOT READY, after .* and serves no model:/);
  assert.equal((await get(`${server.url}/health/live`)).status, 200);
  await server.stop();
});

test('--strict fails the start and reports every model with broken files', async () => {
  const ended = await galley(['serve', '--strict', '--port', '0', repository(EVERYTHING_BROKEN)]);
  assert.equal(ended.code, 1);
  for (const model of ['settings', 'syntax', 'greedy', 'sampleless', 'hollow', 'gone']) {
    assert.match(ended.stderr, new RegExp(`^galley: model '${model}' cannot be served: `, 'm'));
  }
});

test('errors in galley.yaml itself fail the start', async () => {
  const ended = await galley(['serve', '--port', '0', repository(() => {}, 'models: {echo: {replicas: 0}}')]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /'models\.echo\.replicas' is 0, wanted a whole number of at least 1/);
  const merged = await galley([
    'serve',
    '--port',
    '0',
    repository(() => {}, 'models: {echo: {goal: balanced}}'),
  ]);
  assert.equal(merged.code, 1);
  assert.match(merged.stderr, /or an objective in addition/);
});

test('versions named by time stamps are served, listed and addressable, in numeric order', async () => {
  const [first, second] = ['20240131123456792', '20240131123456793'];
  const folder = repository((models) => {
    for (const version of [first, second, '00000123']) {
      write(models, { [`stamped/${version}/model.mjs`]: ECHO });
    }
  }, `models: {stamped: {versions: ["${first}", "${second}", 123]}}`);
  const server = await RunningServer.start([folder]);
  for (const version of [first, second, '123', '00000123']) {
    assert.equal(await echo(server.url, 'stamped', version), 200, version);
  }
  const { text } = await get(`${server.url}/v2/models/stamped`);
  assert.deepEqual((JSON.parse(text) as { versions: string[] }).versions, ['123', first, second]);
  const latest = await fetch(`${server.url}/v2/models/stamped/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] }),
  });
  assert.equal(((await latest.json()) as { model_version: string }).model_version, second);
  await server.stop();
});

test('createServer rejects when a model cannot be served, unless the model is not required', async () => {
  const folder = repository((models) => write(models, { 'corrupt/1/model.onnx': 'this is no model' }));
  const settings = { port: 0, log: { level: 'silent' } } as const;
  // A server that starts nevertheless must not keep the test running.
  const failure = async (from: string) =>
    createServer({ from, settings }).then(
      async (server) => server.stop().then(() => undefined),
      (caught: unknown) => caught as Error,
    );
  // Servers of other tests are in this process too.
  const others = childrenOf(process.pid);
  const corrupt = await failure(folder);
  assert.equal(corrupt?.name, 'OperatorError');
  assert.match(corrupt.message, /model 'corrupt\/1' cannot be served/);
  await until('nothing is left', () => childrenOf(process.pid).every((child) => others.includes(child)));
  const hollow = repository((models) => mkdirSync(join(models, 'hollow/1'), { recursive: true }));
  assert.match((await failure(hollow))?.message ?? '', /model 'hollow' cannot be served/);
  const server = await createServer({ from: folder, settings, strict: false });
  assert.equal(await echo(server.url), 200);
  assert.equal((await get(`${server.url}/health/ready`)).status, 503);
  await server.stop();
});
