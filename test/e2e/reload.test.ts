import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ask } from '../support/asking.ts';
import { childrenOf, signalProcess } from '../support/processes.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-reload-'));
after(() => rmSync(root, { recursive: true }));
const FILE = join(root, 'galley.yaml');
const MODEL = join(root, 'model');
mkdirSync(MODEL);

/** A model that multiplies by a number, with a delay while it loads. */
function writeModel(factor: number, loadMs = 0): void {
  writeFileSync(
    join(MODEL, 'model.mjs'),
    `import { defineModel } from 'galley';
     const x = { name: 'x', datatype: 'FP32', shape: [-1] };
     export default defineModel({ inputs: [x], outputs: [x],
       load: () => new Promise((resolve) => setTimeout(resolve, ${loadMs})),
       predict: ({ x }) => ({ x: { shape: x.shape, data: x.data.map((each) => each * ${factor}) } }) });`,
  );
}

function writeSettings(more: string): void {
  writeFileSync(FILE, `models: {m: {path: ${MODEL}, replicas: 1${more}}}\n`);
}

async function answer(url: string): Promise<unknown> {
  const { status, text, output } = await ask(url, 'm', { name: 'x', datatype: 'FP32', data: [1] });
  assert.equal(status, 200, text);
  return output('x')?.[0];
}

test('SIGHUP applies changed models and settings without a failed request, and never ends the server', async () => {
  writeModel(2);
  writeSettings('');
  const server = await RunningServer.start([FILE]);
  const { url } = server;
  assert.equal(await answer(url), 2);

  // Requests during the reload are answered by the old model or by the new one.
  let isOver = false;
  const seen = new Set<unknown>();
  const client = (async () => {
    while (!isOver) seen.add(await answer(url));
  })();
  writeModel(3);
  server.kill('SIGHUP');
  await until('the new model answers', () => seen.has(3));
  isOver = true;
  await client;
  assert.deepEqual([...seen].sort(), [2, 3]);

  writeSettings(', timeoutMs: 7000, replicaz: 2');
  server.kill('SIGHUP');
  await until('the mistake is told', () => /settings not reloaded/.test(server.output.stderr));
  assert.match(server.output.stderr, /did you mean 'replicas'/);
  assert.equal(await answer(url), 3);

  writeSettings(', timeoutMs: 7000');
  const reloads = () =>
    server.output.stderr.split('reloaded"').length + server.output.stderr.split('reloaded\n').length;
  const before = reloads();
  server.kill('SIGHUP');
  await until('the settings are in effect', () => reloads() > before);
  assert.equal(await answer(url), 3);
  await server.stop();
});

test('SIGHUP loads a model anew whose data changed in a file that only the model knows', async (t) => {
  const folder = join(root, 'reads');
  mkdirSync(folder);
  const data = join(folder, 'factor.txt');
  writeFileSync(
    join(folder, 'model.mjs'),
    `import { readFileSync } from 'node:fs';
     import { defineModel } from 'galley';
     const x = { name: 'x', datatype: 'FP32', shape: [-1] };
     export default defineModel({ inputs: [x], outputs: [x],
       load: ({ directory }) => Number(readFileSync(directory + '/factor.txt', 'utf8')),
       predict: ({ x }, factor) => ({ x: { shape: x.shape, data: x.data.map((each) => each * factor) } }) });`,
  );
  writeFileSync(data, '2');
  const file = join(root, 'reads.yaml');
  writeFileSync(
    file,
    `models: {m: {path: ${folder}, replicas: 1, health: {readiness: {periodMs: 100, timeoutMs: 80}}}}`,
  );
  const server = await RunningServer.start([file]);
  t.after(async () => server.stop());
  const isReady = async () => (await fetch(`${server.url}/v2/health/ready`)).status === 200;
  writeFileSync(data, '3');
  const { pid } = server;
  for (const replica of childrenOf(pid)) signalProcess(replica, 'SIGKILL');
  await until('the golden input is answered with other numbers', async () => {
    const text = await (await fetch(`${server.url}/admin/models/m`)).text();
    return text.includes('"golden"') && !(await isReady());
  });
  server.kill('SIGHUP');
  await until('the new numbers count', isReady);
  assert.equal(await answer(server.url), 3);
  await until('it is logged', () => /reloaded/.test(server.output.stderr));
});

test('a server that stops during a swap leaves no replica and switches nothing', async () => {
  writeModel(2);
  writeSettings('');
  const server = await RunningServer.start([FILE]);
  const [old] = childrenOf(server.pid);
  writeModel(3, 20_000);
  server.kill('SIGHUP');
  const children = await until('the new replica is starting', () => {
    const all = childrenOf(server.pid);
    return all.length > 1 && all;
  });
  assert.ok(old !== undefined && children.includes(old));
  await server.stop();
  for (const pid of children) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});
