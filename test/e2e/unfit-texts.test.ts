import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PROJECT, RunningServer } from '../support/running-server.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-texts-'));
let server: RunningServer;
before(async () => {
  mkdirSync(join(root, 'cities'));
  const model = join(PROJECT, 'test/conformance/field/one-hot-known-words/model.onnx');
  copyFileSync(model, join(root, 'cities/model.onnx'));
  server = await RunningServer.start([root, '--log-level', 'silent']);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function ask(...cities: string[]): Promise<{ status: number; text: string }> {
  const inputs = [{ name: 'city', datatype: 'BYTES', shape: [cities.length, 1], data: cities }];
  const response = await fetch(`${server.url}/v2/models/cities/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  });
  return { status: response.status, text: await response.text() };
}

test('texts that the runtime would change are refused, and the replica stays ready', async () => {
  for (let times = 0; times < 12; times++) {
    const { status, text } = await ask('Wien', 'a\0b');
    assert.equal(status, 400);
    assert.match(text, /'city': element 0 contains a NUL character/);
  }
  const { status } = await ask('Wien', 'Graz');
  assert.equal(status, 200);
  assert.equal((await fetch(`${server.url}/v2/health/ready`)).status, 200);
});

test('a text that UTF-8 cannot hold is refused, because the model would get another', async () => {
  const { status, text } = await ask('Wien', 'Gra\ud83d');
  assert.equal(status, 400);
  assert.match(text, /'city': element 1 is .* wanted a string without lone surrogates/);
});

test('bytes that are not UTF-8 are refused', async () => {
  const bytes = Buffer.from([4, 0, 0, 0, 0xff, 0xd8, 0xff, 0xe0]);
  const head = Buffer.from(
    '{"inputs":[{"name":"city","datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":8}}]}',
  );
  const response = await fetch(`${server.url}/v2/models/cities/infer`, {
    method: 'POST',
    body: Buffer.concat([head, bytes]),
    headers: { 'inference-header-content-length': String(head.byteLength) },
  });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /is not UTF-8 text/);
});
