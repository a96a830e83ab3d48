import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';
import { type HostileRequest, hostileRequests } from './hostile-requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-hostile-'));
let server: RunningServer;
before(async () => {
  const file = join(folder, 'galley.yaml');
  const models = ['echo', 'fragile', 'slow', 'brain-float'].map(
    (model) =>
      `  ${model}: {path: ${join(TEST_MODELS, model)}, batching: {maxBatchSize: 8}, queue: {maxRequestRows: 8}}`,
  );
  writeFileSync(file, `maxBodyBytes: 3000000\nmodels:\n${models.join('\n')}\n`);
  server = await RunningServer.start([file, '--log-level', 'silent']);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function tryOne({ name, bytes, tells }: HostileRequest): Promise<string | undefined> {
  const { status, body } = await sendRaw(server.url, bytes);
  if (status < 400 || status > 499) return `${name}: ${status} ${body.slice(0, 200)}`;
  const { error } = JSON.parse(body) as { error?: unknown };
  if (typeof error !== 'string' || !tells.test(error))
    return `${name}: wanted ${tells}, got ${body.slice(0, 200)}`;
  return undefined;
}

async function tryAll(requests: readonly HostileRequest[]): Promise<string[]> {
  const failures: string[] = [];
  for (const request of requests) {
    const failure = await tryOne(request);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

async function isServing(): Promise<boolean> {
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] });
  const { status } = await sendRaw(server.url, rawRequest('POST', '/v2/models/echo/infer', body));
  return status === 200;
}

function residentBytes(): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
}

test('at least two hundred hostile requests are answered 4xx with the reason, and no memory is kept', async () => {
  const requests = hostileRequests();
  assert.ok(requests.length >= 200, `${requests.length}`);
  assert.deepEqual(await tryAll(requests), []);
  assert.ok(await isServing());
  const afterFirst = residentBytes();
  assert.deepEqual(await tryAll(requests), []);
  assert.ok(await isServing());
  // The threads for large bodies end after some idle seconds.
  await until('nothing is kept', () => residentBytes() - afterFirst <= 16 * 1024 * 1024, 15_000).catch(() =>
    assert.fail(`grew by ${residentBytes() - afterFirst} bytes`),
  );
});

test('a chunked body is ended as soon as it exceeds the limit', async () => {
  const chunk = Buffer.alloc(1_000_000, ' ');
  const head = Buffer.from(
    'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunks = Array.from({ length: 5 }, () =>
    Buffer.concat([Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
  );
  const { status, body } = await sendRaw(
    server.url,
    Buffer.concat([head, ...chunks, Buffer.from('0\r\n\r\n')]),
  );
  assert.equal(status, 413);
  assert.match(body, /BODY_TOO_LARGE/);
});
