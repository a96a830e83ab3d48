import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PROJECT, RunningServer } from '../support/running-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-triton-load-'));
let server: RunningServer;

/** `plain` has no settings, `digits` those of a config.pbtxt. */
before(async () => {
  for (const name of ['digits', 'plain']) {
    mkdirSync(join(folder, name, '1'), { recursive: true });
    cpSync(join(PROJECT, 'examples/models/digits/2/model.onnx'), join(folder, name, '1/model.onnx'));
  }
  const limits = 'max_batch_size: 8 dynamic_batching { default_queue_policy { max_queue_size: 9 } }';
  writeFileSync(join(folder, 'digits/config.pbtxt'), limits);
  server = await RunningServer.start([folder]);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function load(model: string, config: unknown, more = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/v2/repository/models/${model}/load`, {
    method: 'POST',
    body: JSON.stringify({ parameters: { config, ...more } }),
  });
  return { status: response.status, text: await response.text() };
}

async function configOf(
  model: string,
): Promise<{ max_batch_size: number; dynamic_batching?: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/v2/models/${model}/config`);
  return (await response.json()) as { max_batch_size: number };
}

test("Triton's parameter config takes the place of config.pbtxt until the next load", async () => {
  const before = await configOf('digits');
  assert.equal(before.max_batch_size, 8);
  const text = JSON.stringify({ maxBatchSize: 4, instance_group: [{ kind: 'KIND_CPU', count: 2 }] });
  assert.deepEqual(await load('digits', text), { status: 200, text: '{}' });
  const now = await configOf('digits');
  assert.equal(now.max_batch_size, 4);
  assert.notDeepEqual(now.dynamic_batching, before.dynamic_batching);
  assert.deepEqual(await load('digits', undefined), { status: 200, text: '{}' });
  assert.deepEqual(await configOf('digits'), before);
});

test('a model without config.pbtxt is configured, and the answer names what is ignored', async () => {
  const config = { name: 'plain', max_batch_size: 2, metric_tags: { team: 'a' } };
  const { status, text } = await load('plain', config);
  assert.equal(status, 200, text);
  assert.match(text, /^\{"warnings":\["'metric_tags' is ignored: /);
  assert.equal((await configOf('plain')).max_batch_size, 2);
  assert.equal((await load('plain', config, { settings: { batching: { maxBatchSize: 3 } } })).status, 200);
  assert.equal((await configOf('plain')).max_batch_size, 3);
});

test('the configuration that is served can be loaded again', async () => {
  const config = await configOf('digits');
  const { status, text } = await load('digits', JSON.stringify(config));
  assert.equal(status, 200, text);
  assert.deepEqual(await configOf('digits'), config);
});

test('a configuration with a mistake changes nothing', async () => {
  const before = await configOf('plain');
  for (const [config, message] of [
    [
      { max_batch_sise: 4 },
      /parameter 'config': unknown field 'max_batch_sise', did you mean 'max_batch_size'\?/,
    ],
    [{ dynamic_batching: { more: 1 } }, /unknown field 'more'/],
    [{ name: 'other' }, /'name' is 'other', wanted 'plain'/],
    [{ backend: 'pytorch' }, /'backend' is 'pytorch', wanted onnxruntime/],
    [{ default_model_filename: 'net.onnx' }, /'default_model_filename' is 'net\.onnx', wanted model\.onnx/],
    [{ version_policy: { specific: { versions: [7] } } }, /version 7 does not exist/],
    ['{', /parameter 'config' is .*, wanted an object/],
    [[], /parameter 'config' is .*, wanted an object/],
  ] as const) {
    const { status, text } = await load('plain', config);
    assert.equal(status, 400, text);
    assert.match((JSON.parse(text) as { error: string }).error, message);
  }
  assert.deepEqual(await configOf('plain'), before);
});
