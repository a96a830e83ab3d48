import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { GalleyClient, RefusedError } from '../../src/client/index.ts';
import { createServer, type RunningServer } from '../../src/index.ts';
import { TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

let server: RunningServer;
before(async () => {
  server = await createServer({
    settings: {
      port: 0,
      repository: TEST_MODELS,
      log: { level: 'silent' },
      maxBodyBytes: 1_000_000,
      models: {
        echo: { replicas: 2, batching: { maxBatchSize: 8 } },
        'nan-row': { outputs: { finite: 'nan' } },
        // Warmup would detect it and not merge; declared, only a request can detect it.
        'wrong-rows': { warmup: { enabled: false }, batching: { rows: 'independent' } },
      },
    },
  });
});
after(async () => server.stop());

async function get(path: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${server.url}${path}`);
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function post(
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}${path}`, { method: 'POST', body, headers });
}

const row = { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2.5, -3] };

async function echo(request: object): Promise<Record<string, unknown>> {
  const response = await post('/v2/models/echo/infer', JSON.stringify(request));
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Record<string, unknown>;
}

test('server and model metadata', async () => {
  const { json: about } = await get('/v2');
  assert.equal(about.name, 'galley');
  assert.ok((about.extensions as string[]).includes('binary_tensor_data'));
  const { json: model } = await get('/v2/models/echo');
  assert.deepEqual(model.inputs, [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }]);
  assert.deepEqual(model.versions, ['1']);
  assert.equal(model.platform, 'galley_module');
});

test('health is served under the paths of the protocol and of Galley, with bodies that every client reads', async () => {
  assert.deepEqual(await get('/v2/health/live'), { status: 200, json: { live: true } });
  assert.deepEqual(await get('/v2/health/ready'), { status: 200, json: { ready: true, live: true } });
  assert.deepEqual(await get('/health/live'), { status: 200, json: { status: 'live' } });
  assert.deepEqual(await get('/health/ready'), { status: 200, json: { status: 'ready' } });
  assert.deepEqual(await get('/health/startup'), { status: 200, json: { status: 'started' } });
  assert.deepEqual(await get('/v2/models/echo/ready'), { status: 200, json: { name: 'echo', ready: true } });
  assert.equal((await get('/v2/models/echo/versions/1/ready')).status, 200);
});

test('JSON in, JSON out: flat data, the model name, the id returned', async () => {
  const answer = await echo({ id: 'abc', inputs: [row] });
  assert.equal(answer.id, 'abc');
  assert.equal(answer.model_name, 'echo');
  assert.equal(answer.model_version, '1');
  assert.deepEqual((answer.outputs as object[])[0], {
    name: 'y',
    datatype: 'FP32',
    shape: [1, 3],
    data: [1, 2.5, -3],
  });
});

test('an empty id counts as absent; unknown members and a query string are ignored', async () => {
  const body = JSON.stringify({ id: '', model_name: 'whatever', inputs: [{ ...row, extra: 1 }] });
  const response = await post('/v2/models/echo/infer?test_1=1', body);
  assert.equal('id' in ((await response.json()) as object), false);
});

test('only the requested outputs are returned, in the requested order', async () => {
  const answer = await echo({ inputs: [row], outputs: [{ name: 'parameters' }] });
  assert.deepEqual(
    (answer.outputs as { name: string }[]).map(({ name }) => name),
    ['parameters'],
  );
});

test('parameters reach the model, except those of the server', async () => {
  const answer = await echo({
    inputs: [row],
    parameters: { temperature: 0.5, timeout: 5_000_000, priority: 1 },
  });
  const [, parameters] = answer.outputs as { data: string[] }[];
  assert.deepEqual(parameters?.data, ['{"temperature":0.5}']);
});

test('bare NaN and infinities are read and written', async () => {
  const response = await post('/v2/models/brain-float/infer', '{"inputs":[]}');
  assert.equal(response.status, 400);
  const text = await (
    await post(
      '/v2/models/echo/infer',
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[Infinity,-Infinity]}]}',
    )
  ).text();
  assert.match(text, /"data":\[Infinity,-Infinity\]/);
});

function binary(head: object, ...tensors: Uint8Array[]): { body: Buffer; headers: Record<string, string> } {
  const json = Buffer.from(JSON.stringify(head));
  return {
    body: Buffer.concat([json, ...tensors]),
    headers: { 'inference-header-content-length': String(json.byteLength) },
  };
}

const floats = new Uint8Array(Float32Array.of(1, 2.5, -3).buffer);
const binaryRow = { name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } };

test('binary in, binary out, JSON and binary mixed', async () => {
  const { body, headers } = binary(
    {
      inputs: [binaryRow],
      outputs: [{ name: 'y', parameters: { binary_data: true } }, { name: 'parameters' }],
    },
    floats,
  );
  const response = await post('/v2/models/echo/infer', body, headers);
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  const bytes = Buffer.from(await response.arrayBuffer());
  const headBytes = Number(response.headers.get('inference-header-content-length'));
  const head = JSON.parse(bytes.subarray(0, headBytes).toString()) as { outputs: Record<string, unknown>[] };
  assert.deepEqual(head.outputs[0]?.parameters, { binary_data_size: 12 });
  assert.deepEqual(head.outputs[1]?.data, ['{}']);
  assert.deepEqual([...bytes.subarray(headBytes)], [...floats]);
});

test('binary_data_output covers outputs that are not listed; a listed one without binary_data is JSON', async () => {
  const all = binary({ parameters: { binary_data_output: true }, inputs: [binaryRow] }, floats);
  const response = await post('/v2/models/echo/infer', all.body, all.headers);
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  await response.arrayBuffer();
  const listed = binary(
    { parameters: { binary_data_output: true }, inputs: [binaryRow], outputs: [{ name: 'y' }] },
    floats,
  );
  const second = await post('/v2/models/echo/infer', listed.body, listed.headers);
  assert.equal(second.headers.get('content-type'), 'application/json');
  assert.equal(second.headers.get('inference-header-content-length'), null);
});

test('"data": null beside binary_data_size counts as absent', async () => {
  const { body, headers } = binary({ inputs: [{ ...binaryRow, data: null }] }, floats);
  assert.equal((await post('/v2/models/echo/infer', body, headers)).status, 200);
});

test('a raw body without JSON is the only input, and its open size is derived', async () => {
  const response = await post('/v2/models/echo/infer', floats, { 'inference-header-content-length': '0' });
  assert.equal(response.status, 200);
  const bytes = Buffer.from(await response.arrayBuffer());
  const headBytes = Number(response.headers.get('inference-header-content-length'));
  const head = JSON.parse(bytes.subarray(0, headBytes).toString()) as { outputs: { shape: number[] }[] };
  assert.deepEqual(head.outputs[0]?.shape, [1, 3]);
});

for (const [encoding, compress] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
] as const) {
  test(`${encoding} requests are read, and the JSON length counts decoded bytes`, async () => {
    const { body, headers } = binary({ inputs: [binaryRow] }, floats);
    const response = await post('/v2/models/echo/infer', compress(body), {
      ...headers,
      'content-encoding': encoding,
    });
    assert.equal(response.status, 200, await response.text());
  });
}

test('answers are compressed on request when they are large enough', async () => {
  const data = new Array<number>(2000).fill(1.5);
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2000], datatype: 'FP32', data }] });
  const raw = async (accept: string) => {
    const { request } = await import('node:http');
    return new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve, reject) => {
      const req = request(
        `${server.url}/v2/models/echo/infer`,
        { method: 'POST', headers: { 'accept-encoding': accept } },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('end', () =>
            resolve({ encoding: res.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
          );
        },
      );
      req.on('error', reject);
      req.end(body);
    });
  };
  const plain = await raw('identity');
  const gzipped = await raw('deflate;q=0.5, gzip');
  const deflated = await raw('deflate');
  assert.deepEqual([plain.encoding, gzipped.encoding, deflated.encoding], [undefined, 'gzip', 'deflate']);
  assert.deepEqual(gunzipSync(gzipped.bytes), plain.bytes);
  assert.deepEqual(inflateSync(deflated.bytes), plain.bytes);
});

test('the client round-trips every datatype, BF16, BYTES and 64-bit integers included', async () => {
  const client = new GalleyClient(server.url);
  assert.equal(await client.isReady(), true);
  const { outputs, id } = await client.infer(
    'brain-float',
    [
      { name: 'half', datatype: 'BF16', shape: [1, 2], data: Uint16Array.of(0x3fc0, 0x8000) },
      { name: 'text', datatype: 'BYTES', shape: [1], data: ['grüße'] },
      { name: 'flag', datatype: 'BOOL', shape: [1], data: Uint8Array.of(1) },
      { name: 'big', datatype: 'UINT64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
    ],
    { id: '7', version: '1' },
  );
  assert.equal(id, '7');
  const data = Object.fromEntries(outputs.map((output) => [output.name, output.data]));
  assert.deepEqual(data.half, Uint16Array.of(0x3fc0, 0x8000));
  assert.equal(Buffer.from((data.text as Uint8Array[])[0] ?? []).toString(), 'grüße');
  assert.deepEqual(data.big, BigUint64Array.of(2n ** 64n - 1n));
});

test('64-bit integers keep every digit through JSON', async () => {
  const body =
    '{"inputs":[{"name":"half","shape":[1,2],"datatype":"BF16","parameters":{"binary_data_size":4}},' +
    '{"name":"text","shape":[1],"datatype":"BYTES","data":["a"]},{"name":"flag","shape":[1],"datatype":"BOOL","data":[true]},' +
    '{"name":"big","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}],"outputs":[{"name":"big"}]}';
  const headers = { 'inference-header-content-length': String(Buffer.byteLength(body)) };
  const response = await post(
    '/v2/models/brain-float/infer',
    Buffer.concat([Buffer.from(body), Buffer.alloc(4)]),
    headers,
  );
  assert.match(await response.text(), /"data":\[18446744073709551615\]/);
});

test('the simple form: instances in, predictions out, flat or nested', async () => {
  const response = await post('/v1/models/nan-row:predict', '{"instances": [[4], 9]}');
  assert.deepEqual(await response.json(), { predictions: [[2], [3]] });
  const versioned = await post('/v1/models/slow/versions/1:predict', '{"instances": [1, 2]}');
  assert.deepEqual(await versioned.json(), { predictions: [1, 2] });
  const several = await post('/v1/models/echo:predict', '{"instances": [{"x": [1, 2]}]}');
  assert.deepEqual(await several.json(), { predictions: [{ y: [1, 2], parameters: '{}' }] });
  const { json } = await get('/v1/models');
  assert.ok((json.models as { name: string }[]).some(({ name }) => name === 'echo'));
});

test('a model may answer in plain numbers; one outside of the datatype is reported', async () => {
  const ask = async (value: number) => post('/v1/models/plain-numbers:predict', `{"instances": [${value}]}`);
  assert.deepEqual(await (await ask(1.5)).json(), { predictions: [{ half: 1.5, byte: 2 }] });
  const refused = await ask(300);
  assert.equal(refused.status, 500);
  assert.match(
    await refused.text(),
    /output 'byte': element 0 is 300, wanted a whole number from 0 to 255 \(UINT8\)/,
  );
});

test('JSON large enough for a codec thread gives the same answers', async () => {
  const data = Array.from({ length: 60_000 }, (_, index) => index % 100);
  const answer = await echo({
    id: 'large',
    inputs: [{ name: 'x', shape: [2, 30_000], datatype: 'FP32', data }],
  });
  assert.equal(answer.id, 'large');
  assert.deepEqual((answer.outputs as { data: number[] }[])[0]?.data, data);
  const broken = await post('/v2/models/echo/infer', `{"inputs": [${'1,'.repeat(50_000)}`);
  assert.equal(broken.status, 400);
  const columns = await post(
    '/v1/models/echo:predict',
    JSON.stringify({ inputs: { x: [data.slice(0, 40_000)] } }),
  );
  const { outputs } = (await columns.json()) as { outputs: { y: number[][] } };
  assert.deepEqual(outputs.y, [data.slice(0, 40_000)]);
  assert.match(((await broken.json()) as { error: string }).error, /malformed JSON/);
});

test('a NaN fails only its own row', async () => {
  const ask = async (value: number) =>
    post(
      '/v2/models/nan-row/infer',
      JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [value] }] }),
    );
  const responses = await Promise.all([4, -1, 9, 16].map(ask));
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 500, 200, 200],
  );
  assert.match(
    ((await (responses[1] as Response).json()) as { error: string }).error,
    /'root' contains a number that is not finite/,
  );
});

test('an answer with a wrong number of rows never reaches a client', async () => {
  await assert.rejects(
    new GalleyClient(server.url).infer('wrong-rows', [
      { name: 'x', datatype: 'FP32', shape: [1], data: Float32Array.of(1) },
    ]),
    (error: unknown) =>
      error instanceof RefusedError &&
      error.status === 500 &&
      /2 rows, but the input has 1/.test(error.message),
  );
});

test('the timeout parameter is in microseconds and answered 504', async () => {
  const body = {
    parameters: { timeout: 20_000 },
    inputs: [{ name: 'ms', shape: [1], datatype: 'FP32', data: [300] }],
  };
  const response = await post('/v2/models/slow/infer', JSON.stringify(body));
  assert.equal(response.status, 504);
  assert.equal(((await response.json()) as { reason: string }).reason, 'DEADLINE_RUNNING');
});

test('metrics count requests', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /galley_requests_total\{model="echo",version="1",outcome="ok"\} [1-9]/);
  assert.match(text, /galley_requests_total\{model="nan-row",version="1",outcome="BAD_OUTPUT"\} 1/);
  // The first ready replica makes a model ready; the second may still start.
  await until('both replicas are ready', async () =>
    /galley_replicas\{model="echo",version="1",state="ready"\} 2/.test(
      await (await fetch(`${server.url}/metrics`)).text(),
    ),
  );
  assert.match(text, /galley_batch_rows_count\{model="echo",version="1"\} [1-9]/);
  assert.match(text, /nodejs_eventloop_lag_p99_seconds/);
});

test('the admin view shows every replica with its warmup report', async () => {
  const { json } = await get('/admin/models/echo');
  const [version] = json.versions as { replicas: { state: string; warmup: { sizes: unknown[] } }[] }[];
  assert.equal(version?.replicas.length, 2);
  assert.equal(version?.replicas[0]?.state, 'ready');
});

test('a model may return the same array repeatedly', async () => {
  const client = new GalleyClient(server.url);
  for (let call = 0; call < 3; call++) {
    const { outputs } = await client.infer('constant', [
      { name: 'x', datatype: 'FP32', shape: [1], data: [1] },
    ]);
    const answer = outputs[0]?.data as Float32Array | undefined;
    assert.equal(answer?.[2047], 0.5);
  }
});
