import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { metric } from '../support/asking.ts';
import { childrenOf, isAlive, signalProcess } from '../support/processes.ts';
import { PROJECT, type RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';
import { headOf, RawClient } from './support/gateway-client.ts';
import { startInProcess } from './support/gateway-in-process.ts';
import { Bystanders, bodyOf, infer, slow } from './support/gateway-load.ts';
import { startServer } from './support/gateway-server.ts';
import { settingsFile, statusOf, temporaryFolder } from './support/gateway-view.ts';

const folder = temporaryFolder();
const CLI = join(PROJECT, 'dist/bundle/galley.js');
const SLOW = { path: join(TEST_MODELS, 'slow'), replicas: 2, warmup: { enabled: false } };
/** Short enough that a stall, or the use of the wall clock, has a visible effect. */
const NERVOUS = {
  heartbeatPeriodMs: 50,
  liveness: { periodMs: 500 },
  readiness: { periodMs: 200, timeoutMs: 100 },
  watchdogMs: 900,
};

const start = async (settings: object, ...args: string[]): Promise<RunningServer> =>
  startServer(folder, settings, ...args);

test('21: a jump of the wall clock by an hour has no effect', async () => {
  const { server, stop } = await startInProcess(folder, { models: { slow: { ...SLOW, health: NERVOUS } } });
  const { now } = Date;
  const [version] = server.registry.all();
  const told: string[] = [];
  version?.supervisor.lifecycle.moved.on(({ replica, to, reason }) => {
    // A probe may be late on a busy machine, which degrades a replica and has no other effect.
    if (to !== 'ready' && to !== 'degraded') told.push(`${replica} is ${to}: ${reason}`);
  });
  version?.stateChanged.on((state) => told.push(state));
  let probes = 0;
  version?.health.prober.probed.on(() => {
    probes += 1;
  });
  const bystanders = new Bystanders(async () => slow(server.url, 5));
  try {
    for (const hours of [1, -1, 0]) {
      Date.now = () => now() + hours * 3_600_000;
      const wanted = probes + 8;
      await until('every check has run', () => probes >= wanted);
      await bystanders.answersMore(20);
    }
  } finally {
    Date.now = now;
  }
  await bystanders.stop();
  assert.deepEqual(told, []);
  assert.deepEqual(server.operations.alerts.active(), []);
  await stop();
});

test('22: SIGTERM: not ready at once, requests admitted for a while, all of them answered, exit code 0', async () => {
  const server = await start({
    shutdown: { lameDuckMs: 700, gracePeriodMs: 20_000 },
    models: { slow: { ...SLOW, batching: { maxBatchSize: 1 } } },
  });
  const { url } = server;
  const children = childrenOf(server.pid);
  const pending = Array.from({ length: 20 }, async () => slow(url, 200));
  const askedFor = async () =>
    (await metric(url, 'galley_in_flight_requests')) + (await metric(url, 'galley_requests_total'));
  await until('all have arrived', async () => (await askedFor()) >= pending.length);
  assert.ok((await metric(url, 'galley_queue_rows')) > 0);
  const body = bodyOf('ms', 'FP32', 1).padEnd(10_000);
  const uploader = new RawClient(url);
  uploader.write(headOf('/v2/models/slow/infer', { 'content-length': body.length }) + body.slice(0, 10));
  await until('it is admitted', async () => (await metric(url, 'galley_body_bytes')) > 0);
  server.kill('SIGTERM');
  await until('it is not ready', async () => (await statusOf(`${url}/health/ready`)) === 503, 500);
  assert.equal(await statusOf(`${url}/health/live`), 200);
  pending.push(slow(url, 1), slow(url, 1));
  // A request that is not complete when admission ends would not be waited for.
  uploader.write(body.slice(10));
  await until('no connection is accepted', async () => (await statusOf(`${url}/health/live`)) === undefined);
  for (const each of pending) assert.equal((await each).status, 200);
  await until('the upload is answered', () => uploader.status === 200);
  assert.equal(await server.ended(), 0);
  assert.deepEqual(children.filter(isAlive), []);
});

test('22: a second SIGTERM ends long requests, and each still gets an answer', async () => {
  const server = await start({ models: { slow: { ...SLOW, batching: { maxBatchSize: 1 } } } });
  const children = childrenOf(server.pid);
  const pending = Array.from({ length: 30 }, async () => slow(server.url, 1_000));
  await until(
    'all requests are admitted',
    async () => (await metric(server.url, 'galley_in_flight_requests')) === pending.length,
  );
  server.kill('SIGTERM');
  await until(
    'no connection is accepted',
    async () => (await statusOf(`${server.url}/health/live`)) === undefined,
  );
  const startedAt = performance.now();
  server.kill('SIGTERM');
  assert.equal(await server.ended(), 0);
  // The admitted requests would take fifteen seconds.
  assert.ok(performance.now() - startedAt < 5_000);
  const statuses = await Promise.all(pending.map(async (each) => (await each).status));
  assert.ok(
    statuses.every((status) => status === 200 || status === 503),
    `${statuses}`,
  );
  assert.deepEqual(children.filter(isAlive), []);
});

test('23: SIGKILL of the gateway ends its replicas, and its port is free for the next one', async () => {
  const models = { fragile: { path: join(TEST_MODELS, 'fragile'), replicas: 3 } };
  const server = await start({ models });
  await until('every replica has begun', () => childrenOf(server.pid).length === 3);
  const children = childrenOf(server.pid);
  const busy = infer(server.url, 'fragile', bodyOf('order', 'INT32', 3)).catch(() => undefined);
  await until('one computes', async () => (await metric(server.url, 'galley_in_flight_requests')) === 1);
  server.kill('SIGKILL');
  assert.equal(await server.ended(), null);
  await until('no replica is left', () => !children.some(isAlive), 5_000);
  await busy;
  const next = await start({ models }, '--port', new URL(server.url).port);
  assert.equal(next.url, server.url);
  assert.equal((await infer(next.url, 'fragile', bodyOf('order', 'INT32', 0))).status, 200);
  await next.stop();
});

test('24: a port in use ends the start at once with one clear line, and the server on it is not affected', async () => {
  const settings = { models: { slow: SLOW } };
  const server = await start(settings);
  const bystanders = new Bystanders(async () => slow(server.url, 5));
  const { port } = new URL(server.url);
  const file = settingsFile(folder, settings);
  const second = spawn(process.execPath, [CLI, 'serve', file, '--port', port, '--log-level', 'silent'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  second.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const children = new Set<number>();
  await until('the start has failed', () => {
    for (const child of childrenOf(second.pid ?? 0)) children.add(child);
    return second.exitCode !== null || second.signalCode !== null;
  });
  assert.equal(second.exitCode, 1);
  assert.match(
    stderr,
    new RegExp(`^[^\\n]*port ${port} on 127\\.0\\.0\\.1 is in use by another program.*\\n$`),
  );
  assert.ok(children.size > 0);
  await until('its children are gone', () => ![...children].some(isAlive), 1_000);
  const any = await start(settings);
  assert.notEqual(any.url, server.url);
  await any.stop();
  await bystanders.answersMore(10);
  await bystanders.stop();
  await server.stop();
});

test('26: with all replicas down requests wait for the restart; after the model is given up they are refused at once', async () => {
  const [hold, broken] = [join(folder, 'hold'), join(folder, 'broken')];
  writeFileSync(join(folder, 'gated.mjs'), gatedModel(hold, broken));
  const restart = { maxFailures: 3, initialDelayMs: 50, retryFailedMs: 600_000 };
  const gated = { path: join(folder, 'gated.mjs'), replicas: 2, health: { restart } };
  const server = await start({ models: { gated } });
  const { url } = server;
  const ask = async () => infer(url, 'gated', bodyOf('x', 'FP32', 1));
  const killAll = () => {
    for (const pid of childrenOf(server.pid)) signalProcess(pid, 'SIGKILL');
  };
  const health = async () => [await statusOf(`${url}/health/live`), await statusOf(`${url}/health/ready`)];

  const bystanders = new Bystanders(ask, { clients: 6 });
  await bystanders.answersMore(20);
  writeFileSync(hold, 'yes');
  killAll();
  await until('all wait', async () => (await metric(url, 'galley_in_flight_requests')) === 6);
  await until('both load', () => childrenOf(server.pid).length > 0);
  assert.deepEqual(await health(), [200, 503]);
  writeFileSync(hold, '');
  await bystanders.answersMore(20);
  await until('it is ready', async () => (await health())[1] === 200);
  await bystanders.stop();

  writeFileSync(broken, 'yes');
  killAll();
  await until('the model is given up', async () => (await ask()).headers.get('retry-after') === '60');
  assert.deepEqual(await health(), [200, 503]);
  const timesMs: number[] = [];
  for (let count = 0; count < 15; count++) {
    const startedAt = performance.now();
    const response = await ask();
    timesMs.push(performance.now() - startedAt);
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { reason: string }).reason, 'MODEL_FAILED');
  }
  const medianMs = timesMs.sort((a, b) => a - b)[7] ?? Number.NaN;
  assert.ok(medianMs < 50, `${medianMs} ms`);

  writeFileSync(broken, '');
  for (const index of [0, 1]) {
    const path = `/admin/models/gated/versions/1/replicas/${index}/restart`;
    assert.equal((await fetch(url + path, { method: 'POST' })).status, 200);
  }
  await until('it is ready again', async () => (await health())[1] === 200);
  const returning = new Bystanders(ask, { clients: 20 });
  await returning.answersMore(200);
  await returning.stop();
  await until('both are', async () => (await metric(url, 'galley_replicas', /state="ready"/)) === 2);
  await server.stop();
});

/** A model whose load waits while one file exists, and ends the process while another exists. */
function gatedModel(hold: string, broken: string): string {
  return `import { readFileSync } from 'node:fs';
    import { defineModel } from 'galley';
    const x = { name: 'x', datatype: 'FP32', shape: [-1] };
    const says = (file) => { try { return readFileSync(file, 'utf8') !== ''; } catch { return false; } };
    export default defineModel({ inputs: [x], outputs: [x], predict: ({ x }) => ({ x }),
      async load() {
        if (says(${JSON.stringify(broken)})) process.kill(process.pid, 'SIGKILL');
        while (says(${JSON.stringify(hold)})) await new Promise(setImmediate);
      } });`;
}

test('29: a stalled gateway ends and ejects no replica', async () => {
  const server = await start({ models: { slow: { ...SLOW, health: NERVOUS } } });
  const ready = async () => metric(server.url, 'galley_replicas', /state="(ready|degraded)"/);
  await until('both are ready', async () => (await ready()) === 2);
  const children = childrenOf(server.pid);
  const bystanders = new Bystanders(async () => slow(server.url, 20), { clients: 4 });
  for (let pause = 0; pause < 4; pause++) {
    await bystanders.answersMore(20);
    signalProcess(server.pid, 'SIGSTOP');
    const stoppedAt = performance.now();
    await until('it was stopped long enough', () => performance.now() - stoppedAt > 1_000);
    signalProcess(server.pid, 'SIGCONT');
  }
  await bystanders.answersMore(60);
  await bystanders.stop();
  assert.deepEqual(childrenOf(server.pid), children);
  const counted = async (name: string, labels?: RegExp) => metric(server.url, name, labels);
  assert.equal(await counted('galley_replica_restarts_total'), 0);
  assert.equal(await counted('galley_ejections_total'), 0);
  assert.equal(await ready(), 2);
  await server.stop();
});
