import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { RunningServer, TEST_MODELS } from '../support/running-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-admin-'));
const RESTART = '/admin/models/echo/versions/1/replicas/0/restart';
let open: RunningServer;
let closed: RunningServer;
before(async () => {
  writeFileSync(join(folder, 'token'), 'secret\n');
  writeFileSync(join(folder, 'keys'), 'a-key\n');
  const models = `models: {echo: {path: ${join(TEST_MODELS, 'echo')}, replicas: 1}}`;
  writeFileSync(join(folder, 'open.yaml'), `${models}\n`);
  const settings = `admin: {tokenFile: token}\ntenants: {require: true, acme: {apiKeyFile: keys}, open: {}}\n${models}\n`;
  writeFileSync(join(folder, 'closed.yaml'), settings);
  const start = async (file: string) =>
    RunningServer.start([join(folder, file), '--log-level', 'silent'], { isRecorded: false });
  [open, closed] = await Promise.all([start('open.yaml'), start('closed.yaml')]);
});
after(async () => {
  await Promise.all([open.stop(), closed.stop()]);
  rmSync(folder, { recursive: true });
});

test('with a token set, it is required from this machine too', async () => {
  for (const [authorization, status] of [
    [undefined, 401],
    ['Bearer wrong', 403],
    ['Bearer secret', 200],
    ['bearer secret', 200],
  ] as const) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answer = await sendRaw(closed.url, rawRequest('GET', '/admin/models', '', headers));
    assert.equal(answer.status, status, `${authorization}`);
  }
});

test('a call that came through a proxy, or with a host that only looks local, is refused', async () => {
  for (const headers of [
    ...[
      { 'x-forwarded-for': '1.2.3.4' },
      { forwarded: 'for=1.2.3.4' },
      { via: '1.1 a' },
      { 'x-real-ip': '1.2.3.4' },
    ],
    ...[{ host: 'x@127.0.0.1' }, { host: '2130706433' }, { host: 'localhost/foo' }, { host: 'example.com' }],
  ]) {
    const { status } = await sendRaw(
      open.url,
      rawRequest('POST', RESTART, '', headers as Record<string, string>),
    );
    assert.equal(status, 403, JSON.stringify(headers));
  }
});

test('where keys are required, a tenant name does not replace one', async () => {
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] });
  for (const [headers, status] of [
    [{}, 401],
    [{ 'x-galley-tenant': 'anything' }, 401],
    [{ 'x-galley-tenant': 'open' }, 401],
    [{ 'x-api-key': 'guess' }, 401],
    [{ 'x-api-key': 'a-key' }, 200],
    [{ authorization: 'bearer a-key' }, 200],
  ] as const) {
    const answer = await sendRaw(
      closed.url,
      rawRequest('POST', '/v2/models/echo/infer', body, { ...headers }),
    );
    assert.equal(answer.status, status, JSON.stringify(headers));
  }
});

test('invalid parameters of the decision log are answered 400, also in the live stream', async () => {
  for (const [query, status] of [
    ['kind=restart&kind=replica', 200],
    ['limit=0', 400],
    ['limit=1&limit=2', 400],
    ['since=a', 400],
    ['model=a&model=b', 400],
    ['kind[]=a&__proto__=b&kind[a]=c', 200],
  ] as const) {
    const path = `/admin/decisions?${query}`;
    assert.equal((await sendRaw(open.url, rawRequest('GET', path, ''))).status, status, query);
    if (status === 200) continue;
    const live = rawRequest('GET', path, '', { accept: 'text/event-stream' });
    assert.equal((await sendRaw(open.url, live)).status, status, `${query}, live`);
  }
});

for (const [type, body] of [
  ['application/x-www-form-urlencoded', 'a=b'],
  ['multipart/form-data; boundary=a', '--a--'],
  ['application/json', ''],
  ['application/json', '{'],
] as const) {
  test(`a restart with the content type ${type} and '${body}' is done`, async () => {
    const { status, body: text } = await sendRaw(
      open.url,
      rawRequest('POST', RESTART, body, { 'content-type': type }),
    );
    // The previous restart may still be in progress.
    assert.ok(status === 200 || status === 409, text);
  });
}
