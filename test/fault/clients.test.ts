import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { metric } from '../support/asking.ts';
import { type RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';
import { chunkOf, headOf, RawClient } from './support/gateway-client.ts';
import { Bystanders, bodyOf, infer, slow } from './support/gateway-load.ts';
import { startServer } from './support/gateway-server.ts';
import { memoryBytes, temporaryFolder } from './support/gateway-view.ts';

const folder = temporaryFolder();
const MEBIBYTE = 1024 * 1024;
const ECHO = bodyOf('x', 'FP32', 1, [1, 1]);
const INFER_ECHO = '/v2/models/echo/infer';

function model(name: string, more: object = {}): object {
  const health = { readiness: { enabled: false } };
  return { path: `${TEST_MODELS}/${name}`, warmup: { enabled: false }, health, ...more };
}

const start = async (settings: object): Promise<RunningServer> => startServer(folder, settings);

function bystandersOf(server: RunningServer): Bystanders {
  return new Bystanders(async () => infer(server.url, 'echo', ECHO));
}

test('12: a client that leaves frees its queue slot at once, and does not affect others when its batch runs', async () => {
  const server = await start({
    models: {
      slow: model('slow', { batching: { maxBatchSize: 2, rows: 'independent' }, queue: { maxRows: 6 } }),
      echo: model('echo'),
    },
  });
  const { url } = server;
  const bystanders = bystandersOf(server);
  const slowRows = async (name: string) => metric(url, name, /model="slow"/);
  const leaving = new AbortController();
  const leave = async (ms: number) => {
    const body = bodyOf('ms', 'FP32', ms);
    return fetch(`${url}/v2/models/slow/infer`, { method: 'POST', body, signal: leaving.signal }).then(
      ({ status }) => status,
      () => 'left',
    );
  };
  // Behind the first, two fill a batch; when it runs, two more are queued in the replica and the rest wait.
  const first = slow(url, 300);
  await until('the first runs', async () => (await slowRows('galley_in_flight_requests')) === 1);
  const left = leave(800);
  let isStayerAnswered = false;
  const stayer = slow(url, 800).finally(() => {
    isStayerAnswered = true;
  });
  const sent = async () =>
    (await slowRows('galley_in_flight_requests')) - (await slowRows('galley_queue_rows'));
  await until('a batch of two lies in the replica', async () => (await sent()) === 3);
  assert.equal((await first).status, 200);
  const ahead = [slow(url, 1), slow(url, 1)];
  await until('another lies behind it', async () => (await sent()) === 4);
  const waiting = Array.from({ length: 6 }, async () => leave(900));
  await until('the queue is full', async () => (await slowRows('galley_queue_rows')) === 6);
  assert.equal((await slow(url, 1)).status, 503);
  leaving.abort();
  await until('the queue is empty', async () => (await slowRows('galley_queue_rows')) === 0);
  assert.ok(!isStayerAnswered, 'places were freed only when the batch had run');
  const newcomers = Array.from({ length: 6 }, async () => slow(url, 1));
  for (const remaining of [stayer, ...ahead, ...newcomers]) assert.equal((await remaining).status, 200);
  assert.deepEqual(await Promise.all([left, ...waiting]), Array(7).fill('left'));
  await bystanders.stop();
  // The first, the pair, the pair behind it and the new requests: none that left the queue was sent.
  assert.equal(await slowRows('galley_batch_rows_sum'), 1 + 2 + 2 + 6);
  assert.equal(await metric(url, 'galley_requests_total', /model="slow".*outcome="CANCELLED"/), 7);
  await server.stop();
});

test('13: a thousand clients with slow headers or bodies are answered 408 and disconnected, and others are not affected', async () => {
  const http = { headersTimeoutMs: 1_000, bodyTimeoutMs: 2_000 };
  const server = await start({ http, models: { echo: model('echo') } });
  const bystanders = bystandersOf(server);
  const body = headOf(INFER_ECHO, { 'content-length': 1_000 });
  const headers = body.slice(0, -2);
  const clients = Array.from({ length: 1_000 }, (_, index) => {
    const client = new RawClient(server.url);
    client.write(index % 2 === 0 ? headers : body);
    return client;
  });
  const drip = setInterval(() => {
    for (const client of clients) client.write('a');
  }, 250);
  try {
    await until('all are disconnected', () => clients.every(({ isClosed }) => isClosed), 30_000);
  } finally {
    clearInterval(drip);
    for (const { socket } of clients) socket.destroy();
  }
  assert.deepEqual([...new Set(clients.map(({ status }) => status))], [408]);
  await bystanders.answersMore(10);
  await bystanders.stop();
  assert.equal(await metric(server.url, 'galley_body_bytes'), 0);
  await server.stop();
});

const LARGE_BYTES = 24_000_000;
/** Long enough that the server's bytes for it are distinguishable from those of other clients. */
const QUESTION_BYTES = 10_000;
const LARGE = JSON.stringify({
  parameters: { binary_data_output: true },
  inputs: [{ name: 'bytes', shape: [1], datatype: 'INT32', data: [LARGE_BYTES] }],
}).padEnd(QUESTION_BYTES);
const ASK_LARGE = `${headOf('/v2/models/large/infer', { 'content-length': QUESTION_BYTES })}${LARGE}`;

/** A request is held until its answer is sent or its client has left. */
async function noneIsOpen(server: RunningServer): Promise<boolean> {
  return (await metric(server.url, 'galley_body_bytes')) < QUESTION_BYTES;
}

test('14: a client that never reads its answer is disconnected, a slow reader is not, and memory stays flat', async () => {
  const server = await start({
    http: { writeStallMs: 1_000 },
    models: { large: model('large'), echo: model('echo') },
  });
  const bystanders = bystandersOf(server);
  const peaks: number[] = [];
  for (let round = 1; round <= 2; round++) {
    const idle = Array.from({ length: 8 }, () => new RawClient(server.url));
    for (const client of idle) {
      client.write(ASK_LARGE);
      client.socket.pause();
    }
    const patient = new RawClient(server.url);
    patient.write(ASK_LARGE);
    const stopReading = patient.readSlowly(MEBIBYTE, 50);
    await until('the slow reader has received all', () => patient.received > LARGE_BYTES);
    stopReading();
    assert.equal(patient.status, 200);
    await until('the idle connections are closed', async () => noneIsOpen(server));
    assert.equal(await metric(server.url, 'galley_requests_total', /model="large".*outcome="ok"/), 9 * round);
    for (const { socket } of idle) socket.resume();
    await until('the idle clients are disconnected', () => idle.every(({ isClosed }) => isClosed));
    for (const { received } of idle) assert.ok(received < LARGE_BYTES, `${received} bytes were read`);
    patient.socket.destroy();
    peaks.push(memoryBytes(server.pid, 'VmHWM'));
  }
  await bystanders.stop();
  const [first = 0, last = 0] = peaks;
  assert.ok(last - first < 100 * MEBIBYTE, `grew by ${last - first} bytes`);
  await server.stop();
});

test('14: a client that requests many large answers at once and reads none cannot exhaust the memory', async () => {
  const server = await start({
    http: { writeStallMs: 3_000 },
    models: { large: model('large'), echo: model('echo') },
  });
  const bystanders = bystandersOf(server);
  await bystanders.answersMore(10);
  const before = memoryBytes(server.pid, 'VmHWM');
  const greedy = new RawClient(server.url);
  greedy.write(ASK_LARGE.repeat(40));
  greedy.socket.pause();
  await until('its connection is open', async () => !(await noneIsOpen(server)));
  await until('it is disconnected', async () => noneIsOpen(server), 30_000);
  greedy.socket.destroy();
  await bystanders.stop();
  // A few of the forty answers may be in memory at once, not all.
  const grown = memoryBytes(server.pid, 'VmHWM') - before;
  await server.stop();
  assert.ok(grown < 10 * LARGE_BYTES, `grew by ${grown} bytes`);
});

test('15: a body that is too large is answered 413 whatever its headers declare, and memory stays flat', async () => {
  const server = await start({ maxBodyBytes: 2 * MEBIBYTE, models: { echo: model('echo') } });
  const bystanders = bystandersOf(server);
  const zeros = Buffer.alloc(64 * MEBIBYTE);
  const gzipped = gzipSync(zeros);
  // One GiB compressed to about one MiB.
  const bomb = Buffer.concat(Array<Buffer>(16).fill(gzipped));
  const deflated = deflateSync(zeros);
  const piece = Buffer.alloc(MEBIBYTE / 4, ' ');
  const endless = Array<Buffer>(256).fill(chunkOf(piece));
  const encoded = (encoding: string, more: object) =>
    headOf(INFER_ECHO, { 'content-encoding': encoding, ...more });
  const hostile: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
    ['declared', [headOf(INFER_ECHO, { 'content-length': 64 * MEBIBYTE }), ...Array(256).fill(piece)]],
    ['chunked', [headOf(INFER_ECHO, { 'transfer-encoding': 'chunked' }), ...endless]],
    ['gzip', [encoded('gzip', { 'content-length': bomb.byteLength }), bomb]],
    ['chunked gzip', [encoded('gzip', { 'transfer-encoding': 'chunked' }), chunkOf(bomb), '0\r\n\r\n']],
    ['deflate', [encoded('deflate', { 'content-length': deflated.byteLength }), deflated]],
  ];
  const attack = async () => {
    const clients = Array.from({ length: 20 }, (_, index) => {
      const [name = '', pieces = []] = hostile[index % hostile.length] ?? [];
      const client = new RawClient(server.url);
      return { name, client, sent: client.writeAll(pieces) };
    });
    for (const { name, client, sent } of clients) {
      await sent;
      await until(`${name} is answered`, () => client.status !== 0);
      assert.equal(client.status, 413, name);
      // The rest of the body is not read.
      const isCut = name === 'declared' || name === 'chunked';
      if (isCut) await until(`${name} is cut`, () => client.isClosed);
      client.socket.destroy();
    }
  };
  // The peak settles after some attacks; a leak would raise it with every attack.
  const rises: number[] = [];
  let peak = memoryBytes(server.pid, 'VmHWM');
  while (rises.length < 2 || ((rises.at(-1) ?? 0) >= 32 * MEBIBYTE && rises.length < 6)) {
    await attack();
    const now = memoryBytes(server.pid, 'VmHWM');
    rises.push(now - peak);
    peak = now;
  }
  assert.ok(peak < 400 * MEBIBYTE, `${peak} bytes`);
  assert.ok((rises.at(-1) ?? 0) < 32 * MEBIBYTE, `grew by ${rises.join(', ')} bytes`);
  await bystanders.stop();
  assert.equal(await metric(server.url, 'galley_body_bytes'), 0);
  await server.stop();
});
