import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metric } from '../support/asking.ts';
import { announce, BesiegedServer, smallRequest } from '../support/besieged-server.ts';
import { rawRequest } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

test('a stop does not wait for incomplete requests, and loses no complete one', async () => {
  const besieged = await BesiegedServer.start(['echo', 'slow']);
  const slow = rawRequest(
    'POST',
    '/v2/models/slow/infer',
    JSON.stringify({ inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [1_000] }] }),
  );
  const admitted = besieged.send(slow);
  const half = besieged.send(announce('/v2/models/echo/infer', 1_000), '{');
  const head = besieged.send('POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\n');
  const other = besieged.send(
    'POST /v2/repository/index HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{',
  );
  const idle = besieged.send();
  await besieged.send(smallRequest());
  const now = async (name: string) => metric(besieged.url, name);
  await until('all have connected', async () => (await now('galley_connections')) >= 5);
  await until('half a body has arrived', async () => (await now('galley_body_bytes')) > 0);
  const from = performance.now();
  await besieged.server.stop();
  assert.ok(performance.now() - from < 5_000, `${performance.now() - from}`);
  assert.equal((await admitted).status, 200);
  for (const cut of [half, head, other]) {
    const { status, text } = await cut;
    assert.equal(status, 503);
    assert.match(text, /DRAINING/);
  }
  assert.equal((await idle).text, '');
  await besieged.stop();
});
