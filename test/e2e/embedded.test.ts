import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import express from 'express';
import fastify from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createGalley, type Galley, GalleyError, type NamedInputs } from '../../src/index.ts';
import type echo from '../models/echo/model.ts';
import { writeHeldModel } from '../support/held-model.ts';
import { replicaProcesses } from '../support/processes.ts';
import { PROJECT, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-embedded-'));
const held = writeHeldModel(join(root, 'held'));
const FEATURES = join(PROJECT, 'examples/embedded/models/features');
const processesBefore = new Set(replicaProcesses());
const servers: Server[] = [];
let galley: Galley;

before(async () => {
  const file = join(root, 'galley.yaml');
  writeFileSync(
    file,
    `log: {level: silent}
port: 1
models:
  held: {${held.settings}}
  echo: {path: ${TEST_MODELS}/echo}
  cached: {path: ${TEST_MODELS}/echo, warmup: {enabled: false}, cache: {enabled: true}}
  features: {path: ${FEATURES}, warmup: {enabled: false}}
  kinds: {path: ${TEST_MODELS}/many-kinds, warmup: {enabled: false}}
routes:
  by-plan: {when: [{match: {header: {x-plan: gold}}, use: echo}], otherwise: held}
tenants: {gold: {apiKeyFile: key}, small: {ratePerSecond: 0.001, burst: 1}}`,
  );
  writeFileSync(join(root, 'key'), 'secret');
  galley = await createGalley({ from: file });
});
after(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await galley.close();
  rmSync(root, { recursive: true });
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function post(url: string, body: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const ROWS = { x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } };
const ORDER = (order: number): NamedInputs => ({ order: { shape: [1], data: Int32Array.of(order) } });
const BODY = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };

test('a declared model has typed inputs and outputs, as typed arrays or nested lists', async () => {
  const model = galley.model<typeof echo>('echo');
  const { y, parameters } = await model.infer(ROWS, { parameters: { a: 1 } });
  assert.deepEqual([y.shape, y.datatype, y.data], [[2, 2], 'FP32', Float32Array.of(1, 2, 3, 4)]);
  assert.equal(Buffer.from(parameters.data[0] ?? []).toString(), '{"a":1}');
  const nested = await model.infer({ x: { data: [[1, 2, 3]] } });
  assert.deepEqual(nested.y.shape, [1, 3]);
  // @ts-expect-error the model has no such input
  await assert.rejects(model.infer({ z: { data: [[1]] } }), { code: 'INVALID_INPUT' });
  // @ts-expect-error the input has another datatype
  const other = async () => model.infer({ x: { shape: [1, 1], data: BigInt64Array.of(1n) } });
  assert.deepEqual((await other()).y.data, Float32Array.of(1), 'numbers are converted all the same');
});

test('every kind of tensor arrives and returns', async () => {
  const { text, half, flag, big } = await galley.infer('kinds', {
    float: { shape: [1, 2], data: Float32Array.of(1, 2) },
    half: { data: [[1.5]] },
    small: { data: Uint8Array.of(7) },
    big: { data: [2n ** 60n] },
    flag: { data: [true] },
    text: { data: [['grüße']] },
  });
  assert.equal(Buffer.from((text?.data[0] ?? []) as Uint8Array).toString(), 'grüße');
  assert.deepEqual([half?.data, flag?.data], [Uint16Array.of(0x3e00), Uint8Array.of(1)]);
  assert.deepEqual(big?.data, BigInt64Array.of(2n ** 60n));
});

test('a route is a target, and its rules read the given headers', async () => {
  const { order } = await galley.infer('by-plan', ORDER(0));
  assert.deepEqual(order?.data, Int32Array.of(0));
  const { y } = await galley.infer('by-plan', ROWS, { headers: { 'x-plan': 'gold' } });
  assert.deepEqual(y?.shape, [2, 2]);
});

test('refusals are errors with the code, the status and the delay of a retry', async () => {
  for (const [target, inputs, options, code, status] of [
    ['none', ROWS, {}, 'MODEL_UNKNOWN', 404],
    ['echo', ROWS, { version: 7 }, 'VERSION_UNKNOWN', 404],
    ['echo', { x: { shape: [3, 2], data: Float32Array.of(1) } }, {}, 'INVALID_INPUT', 400],
    ['echo', ROWS, { timeoutMs: 0 }, 'INVALID_INPUT', 400],
    ['held', { order: { data: [-9] } }, {}, 'MODEL_ERROR', 500],
  ] as const) {
    held.release(9);
    await assert.rejects(galley.infer(target, inputs, options), (error) => {
      assert.ok(error instanceof GalleyError);
      assert.deepEqual([error.code, error.status], [code, status]);
      return true;
    });
  }
  await galley.infer('echo', ROWS, { tenant: 'gold' });
  await galley.infer('echo', ROWS, { tenant: 'small' });
  await assert.rejects(galley.infer('echo', ROWS, { tenant: 'small' }), (error: GalleyError) => {
    assert.equal(error.code, 'TENANT_QUOTA');
    return (error.retryAfterMs ?? 0) > 1_000;
  });
});

test('a signal ends a call at once, a timeout at its time, and the model answers the next call', async () => {
  const reason = new Error('the user has left');
  await assert.rejects(galley.infer('held', ORDER(1), { signal: AbortSignal.abort(reason) }), {
    ...{ name: 'GalleyError', code: 'CANCELLED', cause: reason },
  });
  const leaving = new AbortController();
  const running = galley.infer('held', ORDER(1), { signal: leaving.signal });
  const waiting = galley.infer('held', ORDER(2), { timeoutMs: 30 });
  await assert.rejects(waiting, { code: /^DEADLINE_/, status: 504 });
  leaving.abort(reason);
  await assert.rejects(running, { code: 'CANCELLED', cause: reason });
  // The second one may have been sent ahead.
  for (const order of [1, 2]) held.release(order);
  await galley.infer('held', ORDER(0));
  assert.match(await galley.metrics(), /galley_requests_total\{model="held",.*outcome="CANCELLED"\} 1/);
});

test('an answer belongs to its caller, even where others have the same one', async () => {
  const cached = galley.model<typeof echo>('cached');
  for (let each = 0; each < 3; each++) {
    const { y } = await cached.infer(ROWS);
    assert.deepEqual(y.data, ROWS.x.data);
    y.data.fill(9);
  }
});

test('Express mounts the handler below a path, and keeps all other paths and their bodies', async () => {
  const app = express();
  app.use('/models', galley.handler);
  app.post('/models/own', express.json(), (req, res) => void res.json({ own: req.body as unknown }));
  app.use('/parsed', express.json(), galley.handler);
  app.use((_req, res) => void res.status(404).json({ by: 'app' }));
  const url = await listen(createServer(app));
  const { status, json } = await post(`${url}/models/v2/models/echo/infer`, BODY);
  assert.equal(status, 200);
  assert.equal(json.model_name, 'echo');
  assert.equal((await fetch(`${url}/models/health/ready`)).status, 200);
  assert.match(await (await fetch(`${url}/models/metrics`)).text(), /galley_requests_total/);
  assert.deepEqual((await post(`${url}/models/own`, { a: 1 })).json, { own: { a: 1 } });
  assert.deepEqual((await post(`${url}/models/v2/nothing`, { a: 1 })).json, { by: 'app' });
  assert.deepEqual((await post(`${url}/models`, {})).json, { by: 'app' });
  const parsed = await post(`${url}/parsed/v2/models/echo/infer`, BODY);
  assert.equal(parsed.status, 500);
  assert.match(String(parsed.json.error), /mount the handler of Galley before body parsers such as express/);
});

test('Fastify registers the plugin below a prefix, and parses its own bodies', async () => {
  const app = fastify();
  await app.register(galley.fastify, { prefix: '/models' });
  app.post('/own', ({ body }) => ({ own: body }));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    assert.equal((await post(`${url}/models/v2/models/echo/infer`, BODY)).status, 200);
    assert.equal((await post(`${url}/models/v2/models/none/infer`, BODY)).json.reason, 'MODEL_UNKNOWN');
    assert.equal((await fetch(`${url}/models/v2/models/echo`)).status, 200);
    assert.equal((await post(`${url}/models/nothing`, {})).json.reason, 'NOT_FOUND');
    assert.deepEqual((await post(`${url}/own`, { a: 1 })).json, { own: { a: 1 } });
  } finally {
    await app.close();
  }
});

test('a plain HTTP server has the paths with or without a prefix', async () => {
  const bare = await listen(createServer(galley.handler));
  assert.equal((await post(`${bare}/v2/models/echo/infer`, BODY)).status, 200);
  const below = await listen(createServer(galley.handlerAt('/models/')));
  assert.equal((await post(`${below}/models/v2/models/echo/infer`, BODY)).status, 200);
  assert.match(String((await post(`${below}/modelsx`, {})).json.error), /the models are below \/models\//);
  assert.throws(() => galley.handlerAt('models'), { message: /the prefix is 'models', wanted a path/ });
});

test('a port is refused, because none is opened', async () => {
  const settings = { port: 8000 } as object;
  await assert.rejects(createGalley({ settings }), {
    name: 'OperatorError',
    message: /settings\.port is given/,
  });
});

/** The 99th percentile of the delay of the event loop while six pictures are computed, two at a time. */
async function loopDelayMs(compute: () => Promise<unknown>): Promise<number> {
  await compute();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  for (let pair = 0; pair < 3; pair++) await Promise.all([compute(), compute()]);
  delay.disable();
  return delay.percentile(99) / 1e6;
}

test('the event loop stays free while a model of some 50 ms computes', async () => {
  const session = await InferenceSession.create(join(FEATURES, 'model.onnx'), { intraOpNumThreads: 1 });
  const picture = new Uint8Array(3 * 224 * 224).fill(100);
  const shape = [1, 3, 224, 224];
  const inProcess = await loopDelayMs(async () =>
    session.run({ image: new Tensor('uint8', picture, shape) }),
  );
  const withGalley = await loopDelayMs(async () =>
    galley.infer('features', { image: { shape, data: picture } }),
  );
  assert.ok(withGalley < inProcess / 2, `${inProcess} ms in process, ${withGalley} ms with Galley`);
});

test('close finishes calls, refuses later ones and leaves no process', async () => {
  const url = await listen(createServer(galley.handler));
  const call = galley.infer('held', ORDER(3));
  const closed = galley.close();
  await assert.rejects(galley.infer('echo', ROWS), { code: 'DRAINING', status: 503 });
  assert.match(galley.whyNotReady ?? '', /shutting down/);
  held.release(3);
  assert.deepEqual((await call).order?.data, Int32Array.of(3));
  await closed;
  assert.equal((await fetch(`${url}/health/live`)).status, 503);
  await until('no process is left', () => replicaProcesses().every((pid) => processesBefore.has(pid)));
});

test('the package runs in a thread and beside it, and keeps no process running after its close', async () => {
  const script = join(root, 'instances.mjs');
  writeFileSync(
    script,
    `import { isMainThread, Worker } from 'node:worker_threads';
     import { createGalley } from ${JSON.stringify(pathToFileURL(join(PROJECT, 'dist/bundle/index.js')).href)};
     if (isMainThread) new Worker(new URL(import.meta.url));
     const model = { path: ${JSON.stringify(join(TEST_MODELS, 'echo'))}, warmup: { enabled: false } };
     const galley = await createGalley({ settings: { log: { level: 'silent' }, models: { model } } });
     const { y } = await galley.infer('model', { x: { data: [[1, isMainThread ? 2 : 3]] } });
     console.log(JSON.stringify([...y.data]));
     await galley[Symbol.asyncDispose]();`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  assert.deepEqual(await once(child, 'close', { signal: AbortSignal.timeout(20_000) }), [0, null]);
  assert.deepEqual(output.trim().split('\n').sort(), ['[1,2]', '[1,3]']);
});

test('the example applications describe a picture, and end with their models', async () => {
  const { describeOnce } = (await import(join(PROJECT, 'examples/embedded/measure.js'))) as {
    describeOnce(application: string): Promise<number[]>;
  };
  const [one, other] = await Promise.all(['express/app.js', 'fastify/app.js'].map(describeOnce));
  assert.equal(one?.length, 32);
  assert.deepEqual(one, other);
});
