import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from '../../src/index.ts';

const MODEL = fileURLToPath(new URL('../../../examples/models/digits', import.meta.url));
const TIMES = { keepAliveTimeoutMs: 300, headersTimeoutMs: 200, bodyTimeoutMs: 400, writeStallMs: 300 };
const HEAD = 'POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n';

/** What a server sends until it closes the connection. */
async function untilClosed(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return received;
}

for (const fastLane of [true, false]) {
  const server = createServer({
    settings: {
      ...{ port: 0, log: { level: 'silent' }, http: { ...TIMES, fastLane } },
      models: { digits: { path: MODEL, replicas: 1 } },
    },
  });
  after(async () => (await server).stop());
  const reader = fastLane ? 'the fast lane' : 'node:http';
  const cases = {
    'a connection without a request': '',
    'a head that does not end': HEAD,
    'a body that does not end': `${HEAD}\r\n{`,
    'a refused body that does not end': `${HEAD.replace('digits', 'other')}\r\n{`,
  };
  for (const [what, text] of Object.entries(cases)) {
    test(`${reader} ends ${what}`, async () => {
      const received = await untilClosed((await server).url, text);
      const status = text.includes('other') ? 404 : 408;
      assert.equal(received.slice(9, 12), String(status), received);
    });
  }

  test(`${reader} closes an idle connection after its last answer`, async () => {
    const received = await untilClosed((await server).url, `${HEAD}\r\n{"inputs":0}`);
    assert.equal(received.slice(9, 12), '400');
    assert.match(received, /Connection: keep-alive/);
  });
}
