import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Asked, type Asking, ask, askHeld, metricOf } from '../support/asking.ts';
import { writeHeldModel } from '../support/held-model.ts';
import { RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-cache-'));
const held = writeHeldModel(join(root, 'held'));
let server: RunningServer;

before(async () => {
  const file = join(root, 'galley.yaml');
  const cached = (more = '') => `{${held.settings}, cache: {enabled: true${more}}}`;
  const echo = `{path: ${TEST_MODELS}/echo, warmup: {enabled: false}, cache: {enabled: true}}`;
  writeFileSync(
    file,
    `models: {cached: ${cached()}, erring: ${cached()}, counted: ${cached()}, joining: ${cached()}, brief: ${cached(', ttlMs: 700')},
      small: ${cached(', maxBytes: 8192')}, tiny: ${cached(', maxBytes: 1024')}, usual: {${held.settings}}, echo: ${echo}}`,
  );
  server = await RunningServer.start([file]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function askModel(model: string, order: number, asking: Asking = {}): Promise<Asked> {
  return askHeld(server.url, model, order, asking);
}

async function metric(model: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  return metricOf(server.url, model, `galley_${name}`, labels);
}

/** A batch is counted when it ends, which may be after its answers. */
async function counted(model: string, batches: number): Promise<void> {
  const count = async () => metric(model, 'batch_rows_count');
  await until(`${batches} batches are counted`, async () => (await count()) >= batches);
  assert.equal(await count(), batches);
}

function cacheOf({ status, headers }: Asked): string | null {
  assert.equal(status, 200);
  return headers.get('x-galley-cache');
}

for (const order of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  held.release(order);

test('an equal request gets the answer of the first one without running the model', async () => {
  const first = await askModel('cached', 1);
  assert.equal(cacheOf(first), 'miss');
  await counted('cached', 1);
  for (const again of [await askModel('cached', 1), await askModel('cached', 1)]) {
    assert.equal(cacheOf(again), 'hit');
    assert.equal(again.text, first.text);
  }
  assert.equal(cacheOf(await askModel('cached', 2)), 'miss');
  await counted('cached', 2);
});

test('a cached answer has the id, outputs and form of its own request', async () => {
  await askModel('cached', 3);
  const named = await askModel('cached', 3, { id: 'mine' });
  assert.equal(cacheOf(named), 'hit');
  assert.equal((JSON.parse(named.text) as { id?: string }).id, 'mine');
  assert.equal('id' in (JSON.parse((await askModel('cached', 3)).text) as object), false);
  const instances = await fetch(`${server.url}/v1/models/cached:predict`, {
    method: 'POST',
    body: '{"instances": [3]}',
  });
  assert.equal(instances.headers.get('x-galley-cache'), 'hit');
  assert.match(await instances.text(), /"order":3/);
  const head = JSON.stringify({
    inputs: [{ name: 'order', datatype: 'INT32', shape: [1], parameters: { binary_data_size: 4 } }],
    outputs: [{ name: 'order', parameters: { binary_data: true } }],
  });
  const binary = await fetch(`${server.url}/v2/models/cached/infer`, {
    method: 'POST',
    headers: { 'inference-header-content-length': String(head.length) },
    body: Buffer.concat([Buffer.from(head), Buffer.from(Int32Array.of(3).buffer)]),
  });
  assert.equal(binary.headers.get('x-galley-cache'), 'hit');
  const jsonBytes = Number(binary.headers.get('inference-header-content-length'));
  const answer = Buffer.from(await binary.arrayBuffer());
  assert.deepEqual([answer.readInt32LE(jsonBytes), answer.byteLength], [3, jsonBytes + 4]);
});

test('requests with other parameters or shapes are different', async () => {
  const row = { name: 'x', datatype: 'FP32', data: [1, 2] };
  const echo = async (shape: readonly number[], parameters: object) => {
    const response = await fetch(`${server.url}/v2/models/echo/infer`, {
      method: 'POST',
      body: JSON.stringify({ parameters, inputs: [{ ...row, shape }] }),
    });
    return { cache: response.headers.get('x-galley-cache'), text: await response.text() };
  };
  assert.equal((await echo([1, 2], { heat: 1 })).cache, 'miss');
  assert.equal((await echo([1, 2], { heat: 1 })).cache, 'hit');
  const warmer = await echo([1, 2], { heat: 2 });
  assert.equal(warmer.cache, 'miss');
  assert.match(warmer.text, /heat\\":2/);
  assert.equal((await echo([2, 1], { heat: 1 })).cache, 'miss');
  // Parameters of the server do not change answers.
  assert.equal((await echo([1, 2], { heat: 1, timeout: 5_000_000, priority: 1 })).cache, 'hit');
});

test('errors and timeouts are never cached', async () => {
  for (const order of [-4, -4]) {
    const { status, headers } = await askModel('erring', order);
    assert.deepEqual([status, headers.get('x-galley-cache')], [500, 'miss']);
  }
  const timedOut = await askModel('erring', 100, { parameters: { timeout: 100_000 } });
  assert.equal(timedOut.reason, 'DEADLINE_RUNNING');
  held.release(100);
  assert.equal(cacheOf(await askModel('erring', 100)), 'miss');
  const invalid = await ask(server.url, 'erring', { name: 'order', datatype: 'FP32', data: [1] });
  assert.deepEqual([invalid.status, invalid.headers.get('x-galley-cache')], [400, null]);
  assert.equal(await metric('erring', 'cache_requests_total', { result: 'hit' }), 0);
});

test('the cache alone does not join requests in flight', async () => {
  const both = [101, 101].map(async (order) => askModel('joining', order));
  await until('both are in flight', async () => (await metric('joining', 'in_flight_requests')) === 2);
  held.release(101);
  assert.deepEqual((await Promise.all(both)).map(cacheOf), ['miss', 'miss']);
  await until('both rows are counted', async () => (await metric('joining', 'batch_rows_sum')) === 2);
});

test('a cached answer expires after the configured time', async () => {
  const askedAt = performance.now();
  const first = await askModel('brief', 5);
  const fresh = await until('it has expired', async () => {
    const asked = await askModel('brief', 5);
    return cacheOf(asked) === 'miss' && asked;
  });
  assert.ok(performance.now() - askedAt >= 700, `${performance.now() - askedAt} ms`);
  assert.notDeepEqual(fresh.output('run'), first.output('run'));
  assert.ok((await metric('brief', 'cache_requests_total', { result: 'hit' })) > 0);
});

test('the least recently used answer is evicted when the cache is full', async () => {
  for (let order = 1; order <= 20; order++) {
    assert.equal(cacheOf(await askModel('small', order)), 'miss');
    assert.ok((await metric('small', 'cache_bytes')) <= 8192);
    if (order > 1) assert.equal(cacheOf(await askModel('small', 1)), 'hit');
  }
  assert.equal(cacheOf(await askModel('small', 20)), 'hit');
  assert.equal(cacheOf(await askModel('small', 2)), 'miss');
  // An answer that would take a large part of the cache is not cached.
  for (const order of [1, 1]) assert.equal(cacheOf(await askModel('tiny', order)), 'miss');
  assert.equal(await metric('tiny', 'cache_bytes'), 0);
});

test('metrics count hits, misses and bytes, and hits as answered requests', async () => {
  for (const order of [6, 6, 6, 7]) await askModel('counted', order);
  assert.equal(await metric('counted', 'cache_requests_total', { result: 'hit' }), 2);
  assert.equal(await metric('counted', 'cache_requests_total', { result: 'miss' }), 2);
  // Four bytes in each of two outputs, plus the overhead of an answer.
  assert.equal(await metric('counted', 'cache_bytes'), 2 * (8 + 512));
  assert.equal(await metric('counted', 'requests_total', { outcome: 'ok' }), 4);
  await counted('counted', 2);
});

test('without the setting nothing is cached and no metric is shown', async () => {
  const [first, again] = [await askModel('usual', 8), await askModel('usual', 8)];
  assert.deepEqual([cacheOf(first), cacheOf(again)], [null, null]);
  assert.notDeepEqual(again.output('run'), first.output('run'));
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.doesNotMatch(text, /galley_cache_\w+\{model="usual"/);
});
