import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { childrenOf, isAlive, replicaProcesses, signalProcess } from '../support/processes.ts';
import { galley, PROJECT, RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-lifecycle-'));
after(() => rmSync(root, { recursive: true }));
const CLI = join(PROJECT, 'dist/bundle/galley.js');
let files = 0;

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function settingsFile(text: string): string {
  const file = join(root, `${files++}.yaml`);
  writeFileSync(file, text);
  return file;
}

function serving(model: string, more = ''): string {
  return settingsFile(
    `models: {${model}: {path: ${join(TEST_MODELS, model)}, replicas: 2, warmup: {enabled: false}${more}}}`,
  );
}

async function order(url: string, value: number): Promise<Response> {
  return fetch(`${url}/v2/models/fragile/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'order', shape: [1], datatype: 'INT32', data: [value] }] }),
  });
}

async function slow(url: string, ms: number): Promise<Response> {
  return fetch(`${url}/v2/models/slow/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [ms] }] }),
  });
}

async function inFlight(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/galley_in_flight_requests\{[^}]*\} (\d+)/.exec(text)?.[1]);
}

test('after SIGTERM admitted requests finish, the exit code is 0 and no child is left', async () => {
  const server = await RunningServer.start([serving('slow')]);
  const children = childrenOf(server.pid);
  assert.equal(children.length, 2);
  const pending = [slow(server.url, 400), slow(server.url, 400), slow(server.url, 400)];
  await until('three requests are in flight', async () => (await inFlight(server.url)) === 3);
  server.kill('SIGTERM');
  const responses = await Promise.all(pending);
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(await server.ended(), 0);
  assert.deepEqual(children.filter(isAlive), []);
});

test('a second signal shortens a long drain', async () => {
  const server = await RunningServer.start([serving('fragile')]);
  const children = childrenOf(server.pid);
  const pending = order(server.url, 3).catch(() => undefined);
  await until('it computes', async () => (await inFlight(server.url)) === 1);
  server.kill('SIGTERM');
  await until('it is draining', async () =>
    fetch(`${server.url}/health/live`).then(
      () => false,
      () => true,
    ),
  );
  const startedAt = performance.now();
  server.kill('SIGTERM');
  assert.equal(await server.ended(), 0);
  assert.ok(performance.now() - startedAt < 5_000);
  await pending;
  assert.deepEqual(children.filter(isAlive), []);
});

test('a killed server leaves no child, not even one that computes', async () => {
  const server = await RunningServer.start([serving('fragile')]);
  const children = childrenOf(server.pid);
  assert.equal(children.length, 2);
  const pending = order(server.url, 3).catch(() => undefined);
  await until('it computes', async () => (await inFlight(server.url)) === 1);
  server.kill('SIGKILL');
  await server.ended();
  const diedAt = performance.now();
  await until('no child is left', () => !children.some(isAlive));
  // The documented bound is 100 ms; a busy test machine may add to the measured time.
  assert.ok(performance.now() - diedAt < 250, `${performance.now() - diedAt} ms`);
  await pending;
});

test('SIGTERM to npm itself ends the server it started', async () => {
  const npm = spawn('npm', ['start', '--silent', '--', '--port', '0'], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = await RunningServer.of(npm);
  const [galleyPid] = childrenOf(server.pid);
  assert.ok(galleyPid !== undefined);
  // Three replicas, and the process that waits for the next one.
  await until('a process waits', () => childrenOf(galleyPid).length === 4);
  const replicas = childrenOf(galleyPid);
  server.kill('SIGTERM');
  await server.ended();
  await until('all have ended', () => !isAlive(galleyPid) && !replicas.some(isAlive));
});

test('a killed replica loses no request and is replaced', async () => {
  const server = await RunningServer.start([serving('slow')]);
  const [victim] = childrenOf(server.pid);
  assert.ok(victim !== undefined);
  const pending = Array.from({ length: 20 }, async () => slow(server.url, 20));
  await until('some are in flight', async () => (await inFlight(server.url)) > 2);
  signalProcess(victim, 'SIGKILL');
  const responses = await Promise.all(pending);
  assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
  await until('there are two again', () => childrenOf(server.pid).length === 2);
  await until('both are ready', async () =>
    /state="ready"\} 2/.test(await (await fetch(`${server.url}/metrics`)).text()),
  );
  await server.stop();
});

test('an input that ends two replicas is refused from then on, and the server continues to serve', async () => {
  const server = await RunningServer.start([serving('fragile')]);
  const response = await order(server.url, 2);
  assert.equal(response.status, 422);
  assert.equal(response.headers.get('retry-after'), null);
  assert.equal(((await response.json()) as { reason: string }).reason, 'POISON_INPUT');
  assert.equal((await order(server.url, 0)).status, 200);
  await server.stop();
});

test('a replica that writes invalid data to its pipe is ended, and its request is answered', async () => {
  const server = await RunningServer.start([serving('fragile'), '--log-level', 'info']);
  const children = childrenOf(server.pid);
  const response = await order(server.url, 5);
  assert.equal(response.status, 422);
  assert.match(
    ((await response.json()) as { error: string }).error,
    /protocol violation: not a frame header/,
  );
  await until('both are replaced', () => childrenOf(server.pid).every((pid) => !children.includes(pid)));
  assert.equal((await order(server.url, 0)).status, 200);
  await server.stop();
});

test('an input on which the model throws is answered 500 with its message, and nothing restarts', async () => {
  const server = await RunningServer.start([serving('fragile'), '--log-level', 'info']);
  const children = childrenOf(server.pid);
  const response = await order(server.url, 1);
  assert.equal(response.status, 500);
  assert.match(((await response.json()) as { error: string }).error, /told to throw/);
  assert.equal((await order(server.url, 4)).status, 200);
  await until('its output is in the log', () => /a line on stdout/.test(server.output.stderr));
  assert.deepEqual(childrenOf(server.pid), children);
  await server.stop();
});

test('a waiting request whose client leaves does not run', async () => {
  const server = await RunningServer.start([serving('slow', ', batching: {maxBatchSize: 1}')]);
  const leaving = new AbortController();
  const running = [slow(server.url, 300), slow(server.url, 300)];
  const waiting = Array.from({ length: 10 }, () =>
    fetch(`${server.url}/v2/models/slow/infer`, {
      method: 'POST',
      signal: leaving.signal,
      body: JSON.stringify({ inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [900] }] }),
    }).catch(() => undefined),
  );
  await until('all are in flight', async () => (await inFlight(server.url)) === 12);
  leaving.abort();
  await until('requests of clients that left are gone', async () => (await inFlight(server.url)) <= 4);
  const startedAt = performance.now();
  await Promise.all([...running, ...waiting]);
  assert.ok(performance.now() - startedAt < 3_000);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /outcome="CANCELLED"\} 10/);
  await server.stop();
});

for (const [signal, phase] of [
  ['SIGTERM', 'starting'],
  ['SIGINT', 'starting'],
  ['SIGTERM', 'warming'],
] as const) {
  test(`${signal} while replicas are ${phase} ends the start cleanly`, async () => {
    const child = spawn(process.execPath, [CLI, 'serve', 'examples/galley.yaml', '--port', '0'], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    await until(`a replica is ${phase}`, () => stdout.includes(`: ${phase}`));
    const children = childrenOf(child.pid ?? 0);
    child.kill(signal);
    await until('it has ended', () => child.exitCode !== null || child.signalCode !== null);
    assert.equal(child.exitCode, 0, stderr);
    assert.doesNotMatch(stderr, /Error:/);
    await until('no child is left', () => !children.some(isAlive));
  });
}

test('the port answers 503 until the models are ready, and reports live from the start', async () => {
  const folder = mkdtempSync(join(root, 'slow-load-'));
  const gate = join(folder, 'gate');
  writeFileSync(
    join(folder, 'model.mjs'),
    `import { existsSync } from 'node:fs';
     import { defineModel } from 'galley';
     const x = { name: 'x', datatype: 'FP32', shape: [-1] };
     export default defineModel({ inputs: [x], outputs: [x], predict: ({ x }) => ({ x }),
       async load() { while (!existsSync(${JSON.stringify(gate)})) await new Promise(setImmediate); } });`,
  );
  const port = await freePort();
  const file = settingsFile(`models: {late: {path: ${folder}}}`);
  const child = spawn(
    process.execPath,
    [CLI, 'serve', file, '--port', String(port), '--log-level', 'silent'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const started = RunningServer.of(child);
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string, init?: RequestInit) =>
    fetch(url + path, init).then(
      ({ status }) => status,
      () => undefined,
    );
  await until('it is live', async () => (await ask('/health/live')) === 200);
  for (const path of [
    '/health/ready',
    '/health/startup',
    '/v2/health/ready',
    '/v2/models/late/ready',
    '/v2/models/late',
  ]) {
    assert.equal(await ask(path), 503, path);
  }
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] });
  assert.equal(await ask('/v2/models/late/infer', { method: 'POST', body }), 503);
  await until('metrics answer although nothing is ready', async () => (await ask('/metrics')) === 200);
  writeFileSync(gate, '');
  const server = await started;
  assert.equal(await ask('/health/startup'), 200);
  assert.equal(await ask('/v2/models/late/infer', { method: 'POST', body }), 200);
  await server.stop();
});

for (const [why, prepare, pattern] of [
  [
    'a port in use',
    async () => {
      const other = createTcpServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as { port: number };
      return { args: [serving('slow'), '--port', String(port)], clean: () => other.close() };
    },
    /port \d+ on 127\.0\.0\.1 is in use by another program: stop that program, or choose another port with --port/,
  ],
  [
    'a model that cannot be read',
    async () => {
      const folder = join(root, 'corrupt');
      mkdirSync(join(folder, 'broken/1'), { recursive: true });
      writeFileSync(join(folder, 'broken/1/model.onnx'), 'this is no model');
      return { args: [folder, '--port', '0'], clean() {} };
    },
    /model 'broken\/1' cannot be served: .*model\.onnx/,
  ],
  [
    'a module that throws while it loads',
    async () => {
      const folder = join(root, 'throwing');
      mkdirSync(join(folder, 'broken'), { recursive: true });
      writeFileSync(join(folder, 'broken/model.js'), 'throw new Error("no such luck")');
      writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
      return { args: [folder, '--port', '0'], clean() {} };
    },
    /model 'broken\/1' cannot be served: no such luck/,
  ],
  [
    'bad settings',
    async () => ({ args: [settingsFile('prot: 1'), '--port', '0'], clean() {} }),
    /did you mean 'port'/,
  ],
  [
    'an empty folder',
    async () => {
      const folder = join(root, 'empty');
      mkdirSync(folder);
      return { args: [folder], clean() {} };
    },
    /contains no model/,
  ],
] as const) {
  test(`${why}: one clear line, exit code 1, no child left behind`, async () => {
    const { args, clean } = await prepare();
    const before = replicaProcesses();
    const ended = await galley(['serve', '--strict', '--log-level', 'silent', ...args]);
    await until('no child is left', () => replicaProcesses().every((pid) => before.includes(pid)));
    clean();
    assert.equal(ended.code, 1, ended.stdout);
    assert.match(ended.stderr, pattern);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
  });
}
