import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { metric } from '../support/asking.ts';
import { announce, BesiegedServer } from '../support/besieged-server.ts';
import { until } from '../support/until.ts';

const INFER = '/v2/models/echo/infer';
const LARGEST = 64 * 1024 * 1024;

let besieged: BesiegedServer;
before(async () => {
  besieged = await BesiegedServer.start(['echo'], 'http: {minBodyBytesPerSecond: 4096}');
});
after(async () => besieged.stop());

test('bodies that are declared and never sent do not block other clients', async () => {
  await besieged.withstand(async () => {
    for (let index = 0; index < 64; index++) besieged.connect().write(announce(INFER, LARGEST));
    await sleep(3_000);
    assert.ok((await metric(besieged.url, 'galley_body_bytes')) < 1024 * 1024);
  });
});

test('bodies that stop just before their end are displaced by smaller ones, and end by the minimum rate', async () => {
  await besieged.withstand(async () => {
    const most = Buffer.alloc(LARGEST - 1024, ' ');
    for (let index = 0; index < 8; index++) {
      const socket = besieged.connect();
      socket.write(announce(INFER, LARGEST));
      socket.write(most);
    }
    await until(
      'they are ended',
      async () => (await metric(besieged.url, 'galley_bodies_refused_total')) >= 8,
      20_000,
    );
    assert.ok((await metric(besieged.url, 'galley_bodies_refused_total', /slow/)) > 0);
    await until(
      'their bytes are given back',
      async () => (await metric(besieged.url, 'galley_body_bytes')) < 1_000_000,
    );
  });
});

test('compressed bodies count with their decoded size', async () => {
  const zeros = gzipSync(Buffer.alloc(LARGEST - 1, ' '));
  await besieged.withstand(async () => {
    const head = announce(INFER, zeros.byteLength, 'content-encoding: gzip\r\n');
    const answers = await Promise.all(Array.from({ length: 12 }, async () => besieged.send(head, zeros)));
    for (const { status } of answers) assert.ok(status === 400 || status === 503, `${status}`);
  });
});

test('a slow body is answered 408, one whose deadline passes during the upload 504 at its deadline', async () => {
  const slow = besieged.send(announce(INFER, 1_000), '{');
  const late = await besieged.send(announce(INFER, 1_000, 'x-request-timeout-ms: 700\r\n'), '{');
  assert.equal(late.status, 504);
  assert.match(late.text, /DEADLINE_ARRIVING/);
  assert.ok(late.ms >= 700 && late.ms < 2_500, `${late.ms}`);
  const { status, text } = await slow;
  assert.equal(status, 408);
  assert.match(text, /BODY_TIMEOUT/);
});

test('a large body arrives unchanged, plain and compressed', async () => {
  const numbers = Float32Array.from({ length: 3_000_000 }, (_, index) => index / 3);
  const data = Buffer.from(numbers.buffer);
  const input = {
    ...{ name: 'x', shape: [1, numbers.length], datatype: 'FP32' },
    parameters: { binary_data_size: data.byteLength },
  };
  const outputs = [{ name: 'y', parameters: { binary_data: true } }];
  const head = Buffer.from(JSON.stringify({ inputs: [input], outputs }));
  const body = Buffer.concat([head, data]);
  for (const [encoding, bytes] of [
    ['identity', body],
    ['gzip', gzipSync(body, { level: 1 })],
  ] as const) {
    const response = await fetch(besieged.url + INFER, {
      method: 'POST',
      headers: { 'inference-header-content-length': String(head.byteLength), 'content-encoding': encoding },
      body: bytes,
    });
    const answer = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, answer.subarray(0, 300).toString());
    const start = Number(response.headers.get('inference-header-content-length'));
    assert.ok(answer.subarray(start).equals(data), encoding);
  }
});
