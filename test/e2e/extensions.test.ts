import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { PROJECT, TEST_MODELS } from '../support/running-server.ts';

const CHINESE = '模型';
let server: RunningServer;

before(async () => {
  server = await createServer({
    settings: {
      port: 0,
      log: { level: 'silent' },
      models: {
        stats: { path: join(TEST_MODELS, 'echo'), cache: { enabled: true } },
        [CHINESE]: { path: join(TEST_MODELS, 'echo') },
        digits: { path: join(PROJECT, 'examples/models/digits'), versions: 'all', replicas: 2, threads: 1 },
        remembered: { path: join(PROJECT, 'examples/models/digits'), cache: { enabled: true } },
        'nan-row': { path: join(TEST_MODELS, 'nan-row'), batchAxis: 'none', priority: 'sheddable' },
        slow: {
          path: join(TEST_MODELS, 'slow'),
          batching: { maxBatchSize: 4, maxWaitMs: 500 },
          timeoutMs: 5_000,
        },
      },
    },
  });
});
after(async () => server.stop());

async function call(method: string, path: string, body?: string) {
  const response = await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, json: (text === '' ? {} : JSON.parse(text)) as never, text };
}

async function infer(model: string, data: readonly number[][], more: object = {}) {
  const input = { name: 'x', datatype: 'FP32', shape: [data.length, data[0]?.length], data };
  return call(
    'POST',
    `/v2/models/${encodeURIComponent(model)}/infer`,
    JSON.stringify({ inputs: [input], ...more }),
  );
}

test('the fully supported extensions are listed', async () => {
  const { json } = await call('GET', '/v2');
  assert.deepEqual((json as { extensions: string[] }).extensions, [
    'binary_tensor_data',
    'parameters',
    'schedule_policy',
    'model_configuration',
    'statistics',
    'model_repository',
    'model_repository(unload_dependents)',
    'generate',
  ]);
});

test('the model configuration describes what is served', async () => {
  const { json } = await call('GET', '/v2/models/digits/versions/2/config');
  const config = json as Record<string, unknown>;
  assert.deepEqual(
    [config.name, config.platform, config.backend, config.max_batch_size, config.version_policy],
    ['digits', 'onnxruntime_onnx', 'onnxruntime', 32, { all: {} }],
  );
  const [input] = config.input as Record<string, unknown>[];
  assert.deepEqual([input?.name, input?.data_type, input?.dims], ['image', 'TYPE_FP32', [784]]);
  const [output] = config.output as Record<string, unknown>[];
  assert.deepEqual([output?.name, output?.data_type, output?.dims], ['probabilities', 'TYPE_FP32', [10]]);
  const [group] = config.instance_group as Record<string, unknown>[];
  assert.deepEqual([group?.kind, group?.count], ['KIND_CPU', 2]);
  assert.deepEqual(config.model_transaction_policy, { decoupled: false });
  assert.deepEqual(config.parameters, { intra_op_thread_count: { string_value: '1' } });
});

test('a model without batching has max_batch_size 0, and its shapes are complete', async () => {
  const config = (await call('GET', '/v2/models/nan-row/config')).json as Record<string, unknown>;
  assert.equal(config.max_batch_size, 0);
  assert.equal('dynamic_batching' in config, false);
  assert.deepEqual((config.input as { dims: number[] }[])[0]?.dims, [-1, 1]);
  assert.equal(config.backend, 'galley');
});

test('batching settings are given in the units of the configuration', async () => {
  const config = (await call('GET', '/v2/models/slow/config')).json as Record<string, unknown>;
  assert.equal(config.max_batch_size, 4);
  const { max_queue_delay_microseconds, default_queue_policy, default_priority_level } =
    config.dynamic_batching as Record<string, unknown>;
  assert.deepEqual([max_queue_delay_microseconds, default_priority_level], [500_000, 2]);
  assert.deepEqual(default_queue_policy, {
    timeout_action: 'REJECT',
    default_timeout_microseconds: 5_000_000,
    allow_timeout_override: true,
    max_queue_size: 1024,
  });
});

interface Time {
  readonly count: number;
  readonly ns: number;
}

interface Stats {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<string, Time>>;
  readonly batch_stats: readonly (Readonly<Record<string, Time>> & { readonly batch_size: number })[];
}

async function statsOf(path: string): Promise<Stats> {
  const { json } = await call('GET', path);
  const [stats] = (json as { model_stats: Stats[] }).model_stats;
  assert.ok(stats !== undefined);
  return stats;
}

test('statistics count requests and the times of the replicas consistently', async () => {
  const ask = async (ms: number, timeout = 0) =>
    call(
      'POST',
      '/v2/models/slow/infer',
      JSON.stringify({
        inputs: [{ name: 'ms', datatype: 'FP32', shape: [1], data: [ms] }],
        parameters: { timeout },
      }),
    );
  const startedAt = Date.now();
  const before = await statsOf('/v2/models/slow/stats');
  assert.deepEqual([before.inference_count, before.execution_count, before.last_inference], [0, 0, 0]);
  assert.deepEqual(Object.keys(before.inference_stats), [
    ...[
      'success',
      'fail',
      'queue',
      'compute_input',
      'compute_infer',
      'compute_output',
      'cache_hit',
      'cache_miss',
    ],
  ]);
  // Four fill a batch; the fifth runs alone after its wait.
  assert.deepEqual(
    (await Promise.all([20, 20, 20, 20].map(async (ms) => ask(ms)))).map(({ status }) => status),
    [200, 200, 200, 200],
  );
  await ask(20);
  assert.equal((await ask(500, 10_000)).status, 504);
  const { inference_stats: times, ...stats } = await statsOf('/v2/models/slow/versions/1/stats');
  assert.deepEqual([stats.inference_count, stats.execution_count], [5, 2]);
  assert.ok(stats.last_inference >= startedAt && stats.last_inference <= Date.now());
  assert.deepEqual([times.success?.count, times.fail?.count, times.queue?.count], [5, 1, 5]);
  for (const part of ['compute_input', 'compute_infer', 'compute_output'])
    assert.equal(times[part]?.count, 5, part);
  // Each of the four is charged with the time of their batch.
  assert.ok((times.compute_infer?.ns ?? 0) >= 5 * 20e6 && (times.compute_infer?.ns ?? 0) < 5 * 200e6);
  assert.ok((times.queue?.ns ?? 0) >= 400e6);
  assert.ok((times.success?.ns ?? 0) >= (times.compute_infer?.ns ?? 0) + (times.queue?.ns ?? 0));
  assert.ok((times.fail?.ns ?? 0) >= 9e6);
  assert.deepEqual(
    stats.batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer?.count]),
    [
      [1, 1],
      [4, 1],
    ],
  );
});

test('statistics of all models share the path of a model of that name, which is still reachable', async () => {
  assert.equal((await infer('stats', [[1, 2]])).status, 200);
  assert.equal((await infer('stats', [[1, 2]])).status, 200);
  const all = (await call('GET', '/v2/models/stats')).json as { model_stats: Stats[] };
  assert.deepEqual(all.model_stats.map(({ name, version }) => `${name}/${version}`).sort(), [
    'digits/1',
    'digits/2',
    'nan-row/1',
    'remembered/2',
    'slow/1',
    'stats/1',
    `${CHINESE}/1`,
  ]);
  const own = await statsOf('/v2/models/stats/stats');
  assert.deepEqual([own.name, own.inference_count, own.execution_count], ['stats', 2, 1]);
  const { success, cache_hit, cache_miss, compute_infer } = own.inference_stats;
  assert.deepEqual([success?.count, cache_hit?.count, cache_miss?.count, compute_infer?.count], [2, 1, 1, 1]);
});

test('the index lists every version, with or without a body', async () => {
  const names = ({ json }: { json: never }) =>
    (json as { name: string; version: string; state: string; reason: string }[])
      .map(({ name, version, state, reason }) => `${name}/${version} ${state} ${reason}`)
      .sort();
  const all = ['digits/1', 'digits/2', 'nan-row/1', 'remembered/2', 'slow/1', 'stats/1', `${CHINESE}/1`];
  const ready = all.map((name) => `${name} READY `);
  assert.deepEqual(names(await call('POST', '/v2/repository/index')), ready);
  assert.deepEqual(names(await call('POST', '/v2/repository/index', '{"ready": true}')), ready);
  assert.deepEqual(names(await call('POST', '/v2/repository/index', '{"ready": null}')), ready);
  const wrong = await call('POST', '/v2/repository/index', '{"ready": 1}');
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /Invalid value for 'ready': expected a boolean, got 1/);
  assert.equal((await call('POST', '/v2/repository/index', '{')).status, 400);
  assert.equal((await call('POST', '/v2/repository/index', ' '.repeat(20_000))).status, 413);
  // As a client sends it that supports no body: without a length.
  const bare = await sendRaw(server.url, 'POST /v2/repository/index HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  assert.equal(bare.status, 200);
});

test('an unknown model is unknown to every extension', async () => {
  for (const path of ['/v2/models/none/config', '/v2/models/none/stats', '/v1/models/none']) {
    const { status, text } = await call('GET', path);
    assert.equal(status, 404, path);
    assert.match(text, /unknown model: 'none'/);
  }
});

test('an unsupported extension is reported as such, never as an unknown model', async () => {
  for (const [method, path, words] of [
    [
      'POST',
      '/v2/models/digits/infer_stream',
      /'infer_stream' is not offered here; send POST .*generate_stream/,
    ],
    ['GET', '/v2/trace/setting', /'trace\/setting' is not offered here/],
    ['POST', '/v2/logging', /'logging' is not offered here/],
    ['POST', '/v2/systemsharedmemory/region/r/register', /'systemsharedmemory' is not offered here/],
  ] as const) {
    const { status, text } = await call(method, path, method === 'POST' ? '{}' : undefined);
    assert.equal(status, 501, path);
    assert.match(text, words);
  }
  assert.deepEqual((await call('GET', '/v2/systemsharedmemory/status')).json, []);
  assert.equal((await call('POST', '/v2/cudasharedmemory/unregister')).status, 200);
});

test("the V1 protocol of KServe reads the server's liveness and a model's readiness", async () => {
  assert.deepEqual((await call('GET', '/')).json, { status: 'alive' });
  for (const path of ['/v1/models/digits', '/v1/models/digits/versions/2']) {
    assert.deepEqual(await call('GET', path).then(({ status, json }) => [status, json]), [
      200,
      { name: 'digits', ready: true },
    ]);
  }
  const { status, json } = await call('POST', '/v1/models/stats:predict', '{"inputs": {"x": [[1, 2]]}}');
  assert.deepEqual([status, json], [200, { outputs: { y: [[1, 2]], parameters: ['{}'] } }]);
});

test('a non-Latin name is encoded in headers', async () => {
  const response = await fetch(`${server.url}/v2/models/${encodeURIComponent(CHINESE)}/infer`, {
    method: 'POST',
    headers: { 'x-galley-explain': '1' },
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] }] }),
  });
  assert.equal(response.status, 200);
  const explained = JSON.parse(response.headers.get('x-galley-explain') ?? '') as { replica: string };
  assert.equal(explained.replica, `${CHINESE}/1#0`);
});

test('parameters of every kind reach a model that reads them, and others ignore them', async () => {
  const body = (name: string, shape: string, data: string) =>
    `{"inputs":[{"name":"${name}","datatype":"FP32","shape":${shape},"data":${data}}],` +
    '"parameters":{"sequence_id":18446744073709551616,"headers":{"a":[1,null,2.5]},"none":null,"triton_x":1}}';
  const echoed = await call('POST', '/v2/models/stats/infer', body('x', '[1,1]', '[1]'));
  const [, parameters] = (echoed.json as { outputs: { data: string[] }[] }).outputs;
  assert.deepEqual(JSON.parse(parameters?.data[0] ?? ''), {
    sequence_id: '18446744073709551616n',
    headers: { a: [1, null, 2.5] },
  });
  const image = `[${new Array(784).fill(0).join()}]`;
  assert.equal((await call('POST', '/v2/models/digits/infer', body('image', '[1,784]', image))).status, 200);
});

test('parameters that a model does not read do not prevent merging', async () => {
  const ask = async (mine: unknown) => {
    const response = await fetch(`${server.url}/v2/models/remembered/infer`, {
      method: 'POST',
      body: JSON.stringify({
        inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 784], data: new Array(784).fill(0) }],
        parameters: { mine },
      }),
    });
    await response.arrayBuffer();
    return response.headers.get('x-galley-cache');
  };
  assert.deepEqual([await ask({ a: 1 }), await ask([2])], ['miss', 'hit']);
});

test('an absolute URL as the target is routed by its path and sets the host', async () => {
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] }] });
  for (const prefix of ['http://example.com', 'HTTP://127.0.0.1:8000', 'https://user@[::1]:1']) {
    const { status } = await sendRaw(
      server.url,
      rawRequest('POST', `${prefix}/v2/models/stats/infer?q=/`, body),
    );
    assert.equal(status, 200, prefix);
  }
  assert.match((await sendRaw(server.url, rawRequest('GET', 'http://example.com', ''))).body, /alive/);
  assert.equal(
    (await sendRaw(server.url, rawRequest('GET', 'http://127.0.0.1:8000/admin/models', ''))).status,
    200,
  );
  const foreign = await sendRaw(server.url, rawRequest('GET', 'http://example.com/admin/models', ''));
  assert.equal(foreign.status, 403);
  assert.match(
    foreign.body,
    /the Host header is 'example\.com', .* requires a local host such as 127\.0\.0\.1/,
  );
});

test('two Host headers are refused, even when equal', async () => {
  for (const second of ['Host: 127.0.0.1', 'host: evil.example']) {
    const { status, body } = await sendRaw(
      server.url,
      `GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n${second}\r\n\r\n`,
    );
    assert.equal(status, 400);
    assert.match(body, /two Host headers/);
  }
});

test('an unknown encoding is answered with the supported ones', async () => {
  const { status, head } = await sendRaw(
    server.url,
    rawRequest('POST', '/v2/models/stats/infer', '{}', { 'content-encoding': 'br' }),
  );
  assert.equal(status, 415);
  assert.match(head, /^accept-encoding: gzip, deflate$/im);
});
