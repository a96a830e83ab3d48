import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

let server: RunningServer;
before(async () => {
  server = await createServer({
    settings: {
      port: 0,
      log: { level: 'silent' },
      maxBodyBytes: 100_000,
      maxInFlightBytes: 150_000,
      http: { headersTimeoutMs: 300, bodyTimeoutMs: 300 },
      models: {
        echo: { path: `${TEST_MODELS}/echo`, batching: { maxBatchSize: 4 } },
        slow: { path: `${TEST_MODELS}/slow`, batching: { maxBatchSize: 1 }, queue: { maxRows: 2 } },
      },
    },
  });
});
after(async () => server.stop());

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{model="(?:echo|slow)"[^}]*\\})? (\\d+)`, 'm').exec(text)?.[1]);
}

/** An upload that declares its length, sends so many bytes, and waits. */
async function openUpload(declaredBytes: number, sentBytes: number): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const head = `POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${declaredBytes}\r\n\r\n${' '.repeat(sentBytes)}`;
  await new Promise<void>((resolve) => socket.write(head, () => resolve()));
  return socket;
}

const ONE_ROW = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] });

test('bodies in flight are bounded by received bytes, not by declared ones', async () => {
  const announced = await openUpload(99_000, 10);
  const upload = await openUpload(99_000, 98_000);
  await until('its bytes are held', async () => (await metric('galley_body_bytes')) >= 98_000);
  assert.ok((await metric('galley_body_bytes')) < 99_000);
  assert.equal((await sendRaw(server.url, rawRequest('POST', '/v2/models/echo/infer', ONE_ROW))).status, 200);
  upload.destroy();
  announced.destroy();
  await until('they are given back', async () => (await metric('galley_body_bytes')) === 0);
});

test('a large body in flight is displaced by a smaller one when there is no room for both', async () => {
  const upload = await openUpload(99_000, 98_000);
  await until('its bytes are held', async () => (await metric('galley_body_bytes')) >= 98_000);
  const refused = until('it is refused', () => upload.bytesRead > 0);
  const chunk = `${(70_000).toString(16)}\r\n${' '.repeat(70_000)}\r\n0\r\n\r\n`;
  const head = 'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
  const { status } = await sendRaw(server.url, `${head}${chunk}`);
  assert.equal(status, 400);
  await refused;
  upload.destroy();
  await until('all is given back', async () => (await metric('galley_body_bytes')) === 0);
});

for (const [why, bytes] of [
  ['headers', 'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\n'],
  ['a body', 'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{'],
] as const) {
  test(`${why} that take too long to arrive are answered 408, and others are not affected`, async () => {
    const dripping = Array.from({ length: 20 }, async () => sendRaw(server.url, bytes));
    assert.equal(
      (await sendRaw(server.url, rawRequest('POST', '/v2/models/echo/infer', ONE_ROW))).status,
      200,
    );
    for (const { status, body } of await Promise.all(dripping)) {
      assert.equal(status, 408);
      assert.match(body, /did not arrive within/);
    }
    await until('nothing is held', async () => (await metric('galley_body_bytes')) === 0);
  });
}

test('a full queue is answered 503 with Retry-After at once, and everything admitted is answered', async () => {
  const ask = async () =>
    fetch(`${server.url}/v2/models/slow/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [100] }] }),
    });
  const responses = await Promise.all(Array.from({ length: 12 }, ask));
  const statuses = responses.map(({ status }) => status);
  assert.ok(statuses.includes(200));
  const refused = responses.find(({ status }) => status === 503);
  // One second plus a random half second, so that clients do not all retry at once.
  const retryAfterMs = Number(refused?.headers.get('retry-after-ms'));
  assert.ok(retryAfterMs >= 1000 && retryAfterMs <= 1500, `${retryAfterMs}`);
  assert.equal(Number(refused?.headers.get('retry-after')), Math.ceil(retryAfterMs / 1000));
  assert.match(await (refused as Response).text(), /QUEUE_FULL/);
  assert.ok(statuses.every((status) => status === 200 || status === 503));
  await until('nothing waits', async () => (await metric('galley_in_flight_requests')) === 0);
});

test('a client that is still writing receives the refusal of its upload', async () => {
  const big = rawRequest('POST', '/v2/models/echo/infer', 'x'.repeat(90_000), {
    'content-length': '5000000',
  });
  const { status } = await sendRaw(server.url, big);
  assert.equal(status, 413);
});

test('a connection stays usable after a refusal of a complete request', async () => {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const statuses: string[] = [];
  socket.on('data', (chunk: Buffer) => statuses.push(...(chunk.toString().match(/HTTP\/1\.1 \d+/g) ?? [])));
  socket.write(
    Buffer.concat([
      rawRequest('POST', '/v2/models/echo/infer', '{'),
      rawRequest('POST', '/v2/models/echo/infer', ONE_ROW),
    ]),
  );
  await until('both are answered', () => statuses.length === 2);
  assert.deepEqual(statuses, ['HTTP/1.1 400', 'HTTP/1.1 200']);
  socket.destroy();
});

test('a body in chunks of one byte is read or refused, and ends nothing', async () => {
  const body = `{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]${' '.repeat(90_000)}}`;
  const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join('');
  const head = 'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
  const { status } = await sendRaw(server.url, `${head}${chunks}0\r\n\r\n`);
  assert.ok(status === 200 || status === 503, `${status}`);
  assert.equal((await sendRaw(server.url, rawRequest('POST', '/v2/models/echo/infer', ONE_ROW))).status, 200);
});

test('requests that wait behind another on a connection are cancelled with it', async () => {
  const { hostname, port } = new URL(server.url);
  const slow = JSON.stringify({ inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [50] }] });
  const socket = connect(Number(port), hostname);
  socket.write(Buffer.concat([1, 2, 3].map(() => rawRequest('POST', '/v2/models/slow/infer', slow))));
  await until('they are held', async () => (await metric('galley_body_bytes')) > 0);
  socket.destroy();
  await until('nothing is held', async () => (await metric('galley_body_bytes')) === 0);
});

test('Expect: 100-continue is refused before the body is sent', async () => {
  const head = { expect: '100-continue', 'content-length': '99999999' };
  const { status } = await sendRaw(server.url, rawRequest('POST', '/v2/models/echo/infer', '', head));
  assert.equal(status, 413);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  const request = rawRequest('POST', '/v2/models/echo/infer', ONE_ROW, { expect: '100-continue' }).toString();
  const split = request.indexOf('\r\n\r\n') + 4;
  socket.write(request.slice(0, split));
  await until('it receives 100 Continue', () => answer.includes('100 Continue'));
  socket.write(request.slice(split));
  await until('it is answered', () => answer.includes('200 OK'));
  socket.destroy();
});
