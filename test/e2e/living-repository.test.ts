import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askFactor, FactorClients, factorModel, placeVersion } from '../support/factor-model.ts';
import { childrenOf } from '../support/processes.ts';
import { galley, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-living-'));
const models = join(root, 'models');
const model = join(models, 'm');
const FILE = join(root, 'galley.yaml');
const QUIET = 'warmup: {enabled: false}, health: {readiness: {enabled: false}}';
let server: RunningServer;
let url = '';

function writeSettings(more = ''): void {
  const settings = `watch: {settleMs: 40, pollMs: 200}\ndefaults: {${QUIET}}\n${more}\n`;
  writeFileSync(`${FILE}.new`, settings);
  renameSync(`${FILE}.new`, FILE);
}

before(async () => {
  placeVersion(model, 1, 1);
  placeVersion(join(models, 'other'), 1, 100);
  writeSettings();
  server = await RunningServer.start([FILE, '--watch']);
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

interface Row {
  readonly name: string;
  readonly version?: string;
  readonly state: string;
  readonly reason: string;
}

async function index(): Promise<readonly Row[]> {
  const response = await fetch(`${url}/v2/repository/index`, { method: 'POST' });
  return (await response.json()) as Row[];
}

const rowOf = async (name: string, version?: string) =>
  (await index()).find((row) => row.name === name && row.version === version);

async function serves(version: string, factor: number, of = 'm'): Promise<void> {
  await until(`${of}/${version} serves ${factor}`, async () => {
    const answer = await askFactor(url, of);
    return answer.version === version && answer.factor === factor;
  });
}

async function post(
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

test('a new version is served without a failed request; a broken one is reported, and served when it is mended', async (t) => {
  const clients = new FactorClients(url);
  const startedAt = performance.now();
  placeVersion(model, 2, 2);
  await serves('2', 2);
  t.diagnostic(`from the folder to the answer in ${Math.round(performance.now() - startedAt)} ms`);
  mkdirSync(join(model, '3'));
  writeFileSync(join(model, '3', 'model.onnx'), 'no model');
  const row = await until('the broken version is reported', async () => rowOf('m', '3'));
  assert.equal(row.state, 'UNAVAILABLE');
  assert.match(row.reason, /3\/model\.onnx is not a complete ONNX model \(8 bytes\)/);
  assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
  placeVersion(model, 3, 3);
  await serves('3', 3);
  assert.equal(await rowOf('m', '2'), undefined);
  const answers = await clients.stop();
  assert.deepEqual(
    answers.filter(({ status }) => status !== 200),
    [],
  );
  await until('the old versions have ended', () => childrenOf(server.pid).length === 2);
});

test('a file that is copied in pieces is served when it is complete, never before', async () => {
  const bytes = factorModel(4);
  mkdirSync(join(model, '4'));
  const file = join(model, '4', 'model.onnx');
  const clients = new FactorClients(url);
  const piece = Math.ceil(bytes.byteLength / 4);
  for (let from = 0; from < bytes.byteLength; from += piece) {
    const before = clients.answers.length;
    appendFileSync(file, bytes.subarray(from, from + piece));
    await until('requests are answered meanwhile', () => clients.answers.length > before + 20);
  }
  await serves('4', 4);
  const factors = new Set((await clients.stop()).map(({ factor }) => factor));
  assert.deepEqual([...factors].sort(), [3, 4]);
});

test('a folder that a link leads to is switched at once, as Kubernetes does', async () => {
  const mounted = join(models, 'mounted');
  for (const [name, factor] of [
    ['..one', 10],
    ['..two', 20],
  ] as const) {
    mkdirSync(join(mounted, name), { recursive: true });
    writeFileSync(join(mounted, name, 'model.onnx'), factorModel(factor));
  }
  symlinkSync('..one', join(mounted, '..data'));
  symlinkSync('..data/model.onnx', join(mounted, 'model.onnx'));
  await serves('1', 10, 'mounted');
  symlinkSync('..two', join(mounted, '..data_new'));
  renameSync(join(mounted, '..data_new'), join(mounted, '..data'));
  await serves('1', 20, 'mounted');
  rmSync(mounted, { recursive: true });
  await until('the model is gone', async () => (await askFactor(url, 'mounted')).status === 404);
});

test('models that vanish with their folder stay', async () => {
  renameSync(models, `${models}-away`);
  await until('it is told', () => /the models folder was .* and is missing now/.test(server.output.stderr));
  assert.equal((await askFactor(url)).factor, 4);
  renameSync(`${models}-away`, models);
  placeVersion(model, 5, 5);
  await serves('5', 5);
});

test('settings that change apply: versions, labels, and routes to models that are new', async () => {
  writeSettings(
    'models: {m: {versions: {latest: 2}, labels: {stable: 4}}}\nroutes: {safe: {otherwise: m/stable}}',
  );
  await until('the route leads to the label', async () => (await askFactor(url, 'safe')).factor === 4);
  assert.equal((await askFactor(url, 'm/labels/stable')).version, '4');
  assert.equal((await askFactor(url)).version, '5');
  const added = join(root, 'elsewhere');
  placeVersion(added, 1, 7);
  writeSettings(`models: {late: {path: ${added}}}\nroutes: {safe: {otherwise: late}}`);
  await until('the route leads to the new model', async () => (await askFactor(url, 'safe')).factor === 7);
  placeVersion(added, 2, 8);
  await serves('2', 8, 'late');
  writeSettings();
  await until('the model is gone', async () => (await askFactor(url, 'late')).status === 404);
  assert.equal((await askFactor(url, 'safe')).status, 404);
});

test('the repository API loads and unloads', async () => {
  assert.deepEqual(await post('/v2/repository/models/m/unload'), { status: 200, text: '{}' });
  assert.equal((await askFactor(url)).status, 404);
  assert.deepEqual(await rowOf('m'), { name: 'm', state: 'UNAVAILABLE', reason: 'unloaded' });
  assert.equal((await post('/v2/repository/models/m/unload')).status, 200);
  placeVersion(model, 6, 6);
  assert.equal((await post('/v2/repository/models/m/load', {})).status, 200);
  assert.deepEqual(await rowOf('m', '6'), { name: 'm', version: '6', state: 'READY', reason: '' });
  const settings = { versions: [5], timeoutMs: 1234 };
  assert.equal((await post('/v2/repository/models/m/load', { parameters: { settings } })).status, 200);
  assert.equal((await askFactor(url)).version, '5');
  for (const [name, parameters, status, message] of [
    ['nope', {}, 404, /failed to poll from model repository/],
    ['m', { settings: { versions: [9] } }, 400, /version 9 does not exist, found/],
    ['m', { settings: { replicaz: 2 } }, 400, /did you mean 'replicas'/],
    ['m', { settings: '{' }, 400, /wanted an object in the form of model.yaml/],
    ['m', { 'file:1/model.onnx': 'AAAA' }, 501, /copy the file into the models folder/],
    ['m', { more: 1 }, 400, /parameter 'more' is unknown/],
  ] as const) {
    const refused = await post(`/v2/repository/models/${name}/load`, { parameters });
    assert.equal(refused.status, status, refused.text);
    assert.match(refused.text, message);
  }
  assert.equal((await askFactor(url)).version, '5');
  assert.equal((await post('/v2/repository/models/nope/unload')).status, 404);
  assert.equal(await rowOf('nope'), undefined);
  const foreign = await fetch(`${url}/v2/repository/models/m/unload`, {
    method: 'POST',
    headers: { origin: 'https://example.com' },
  });
  assert.equal(foreign.status, 403);
});

test('commands load, unload, roll out and roll back', async () => {
  const run = async (...args: string[]) => galley([...args, '--url', url]);
  assert.match((await run('load', 'm')).stdout, /^m\/6 is ready/);
  assert.match((await run('rollback', 'm')).stdout, /^m\/5 is ready/);
  assert.match((await run('rollout', 'm')).stdout, /^m\/6 is ready/);
  assert.match((await run('rollout', 'm', '4')).stdout, /^m\/4 is ready/);
  const refused = await run('rollout', 'm', '44');
  assert.deepEqual([refused.code, refused.stdout], [3, '']);
  assert.match(refused.stderr, /version 44 does not exist, found 1, 2, 3, 4, 5, 6/);
  assert.match((await run('unload', 'other')).stdout, /^other is unloaded/);
  assert.match((await run('load', 'other')).stdout, /^other\/1 is ready/);
  const decisions = await (await fetch(`${url}/admin/decisions?kind=rollout&model=m`)).text();
  assert.match(decisions, /the version serves in place of version 6/);
});
