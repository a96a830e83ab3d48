import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { ask } from '../support/asking.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { askX, routeView, servedBy } from '../support/route-asking.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';
import { askBinary } from '../support/tensor-asking.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-matching-'));
let server: RunningServer;
let url = '';

before(async () => {
  writeSteeredModel(join(root, 'a', '1'), { factor: 1 });
  writeSteeredModel(join(root, 'a', '2'), { factor: 2 });
  writeSteeredModel(join(root, 'b', '1'), { factor: 10 });
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      tenants: { gold: {}, silver: {} },
      models: { a: { versions: 'all', queue: { maxRows: 100_000 } } },
      routes: {
        pick: {
          when: [
            { match: { header: { 'content-language': 'de*' } }, use: 'a/1' },
            { match: { tenant: 'gold | silver' }, use: 'a/2' },
            { match: { version: '7' }, use: 'b' },
            { match: { header: { 'x-off': '!no' } }, use: { refuse: 'closed for repairs' } },
            { match: { parameter: { tier: '>= 3' } }, use: 'b' },
            { match: { input: { name: 'extra' } }, use: { refuse: 'extra is not taken' } },
            { match: { input: { name: 'x', datatype: 'FP64' } }, use: { refuse: 'FP64 is not taken' } },
            { match: { input: { name: 'x', shape: [2], value: '< 0' } }, use: 'b' },
          ],
          otherwise: 'a/1',
        },
        early: {
          when: [{ match: { header: { 'x-off': 'yes' } }, use: { refuse: 'closed for repairs' } }],
          otherwise: 'a/1',
        },
        closed: { otherwise: { refuse: 'closed for good' } },
        'shop-*': { when: [{ match: { name: 'shop-b*' }, use: 'b' }], otherwise: 'pick' },
        chosen: {
          otherwise: { named: { by: 'header:x-model', among: ['a/2', 'b', 'pick'], otherwise: 'a/1' } },
        },
        told: { otherwise: { named: { by: 'parameter:model', among: ['a/2', 'b'], otherwise: 'a/1' } } },
        b: { when: [{ match: { header: { 'x-new': '*' } }, use: 'a/2' }], otherwise: 'b/1' },
      },
    },
  });
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function by(
  route: string,
  headers: Record<string, string> = {},
  { parameters = {}, x = 1 }: { parameters?: object; x?: number | readonly number[] } = {},
): Promise<string | null> {
  const asked = await askX(url, route, x, { headers, parameters });
  assert.equal(asked.status, 200, asked.text);
  return servedBy(asked);
}

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { method: 'POST', body, headers });
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, json, servedBy: servedBy(response) };
}

test('rules by header, tenant, version and parameter', async () => {
  assert.equal(await by('pick', { 'content-language': 'de-CH' }), 'a/1');
  assert.equal(await by('pick', { 'content-language': 'fr' }), 'a/1');
  assert.equal(await by('pick', { 'x-galley-tenant': 'silver' }), 'a/2');
  assert.equal(await by('pick', { 'x-off': 'no' }), 'a/1');
  assert.equal(await by('pick', {}, { parameters: { tier: 2 } }), 'a/1');
  assert.equal(await by('pick', {}, { parameters: { tier: 3 } }), 'b/1');
  assert.equal(await by('pick/versions/7'), 'b/1');
  assert.equal(await by('pick/versions/6'), 'a/1');
  const refused = await askX(url, 'pick', 1, { headers: { 'x-off': 'yes' } });
  assert.deepEqual([refused.status, refused.error], [400, 'closed for repairs']);
});

test('rules by presence, datatype, shape and value of an input, in each form of a request', async () => {
  assert.equal(await by('pick', {}, { x: [-1, 5] }), 'b/1');
  assert.equal(await by('pick', {}, { x: [1, -5] }), 'a/1');
  assert.equal(await by('pick', {}, { x: [-1] }), 'a/1');
  const wide = await ask(url, 'pick', { name: 'x', datatype: 'FP64', data: [1] });
  assert.deepEqual([wide.status, wide.error], [400, 'FP64 is not taken']);
  const extra = { name: 'extra', datatype: 'FP32', shape: [1], data: [1] };
  const x = { ...extra, name: 'x' };
  const two = await post('/v2/models/pick/infer', JSON.stringify({ inputs: [x, extra] }));
  assert.deepEqual([two.status, two.json.error], [400, 'extra is not taken']);

  const bytes = new Uint8Array(Float32Array.of(-1, 5).buffer);
  const binary = await askBinary(url, 'pick', [{ name: 'x', datatype: 'FP32', shape: [2], bytes }]);
  assert.ok('outputs' in binary, JSON.stringify(binary));
  assert.deepEqual([...new Float32Array(binary.outputs[0]?.bytes.buffer as ArrayBuffer)], [-10, 50]);
  const raw = await fetch(`${url}/v2/models/pick/infer`, {
    ...{ method: 'POST', body: bytes, headers: { 'inference-header-content-length': '0' } },
  });
  assert.deepEqual([raw.status, servedBy(raw)], [200, 'b/1'], await raw.text());
  const simple = await post('/v1/models/pick:predict', '{"instances": [-1, 5]}');
  assert.deepEqual([simple.servedBy, simple.json], ['b/1', { predictions: [-10, 50] }]);
  const named = await post('/v1/models/pick:predict', '{"instances": [{"x": -1}, {"x": 5}]}');
  assert.deepEqual([named.servedBy, named.json], ['b/1', { predictions: [-10, 50] }]);
  const columns = await post('/v1/models/pick:predict', '{"inputs": {"x": [-1, 5]}}');
  assert.deepEqual([columns.servedBy, columns.json], ['b/1', { outputs: [-10, 50] }]);
});

test('a request that is wrong gets 400, whether its route decides before its body or after', async () => {
  for (const route of ['pick', 'early']) {
    const x = { name: 'x', datatype: 'FP32', shape: [1], data: [1] };
    const asking = async (body: object) => post(`/v2/models/${route}/infer`, JSON.stringify(body));
    const output = await asking({ inputs: [x], outputs: [{ name: 'z' }] });
    assert.equal(output.status, 400, route);
    assert.match(String(output.json.error), /'z'/);
    assert.equal((await asking({ inputs: [{ ...x, name: 'q' }] })).status, 400);
    assert.equal((await asking({ inputs: [{ ...x, datatype: 'INT32' }] })).status, 400);
    assert.equal((await asking({ inputs: [{ ...x, shape: [3] }] })).status, 400);
    assert.equal((await post(`/v2/models/${route}/infer`, '{"inputs": [')).status, 400);
    const wanted = await asking({ inputs: [x], outputs: [{ name: 'y' }] });
    assert.deepEqual([wanted.status, wanted.json.model_name], [200, route]);
  }
});

test('large bodies pass a route that decides by its inputs', async () => {
  const data = Array.from({ length: 30_000 }, (_, index) => index);
  const asked = await askX(url, 'pick', data);
  assert.deepEqual([asked.status, servedBy(asked)], [200, 'a/1']);
  assert.deepEqual(asked.output('y'), data);
  const simple = await post('/v1/models/pick:predict', JSON.stringify({ instances: data }));
  assert.deepEqual([simple.servedBy, (simple.json.predictions as number[]).length], ['a/1', 30_000]);
});

test('a refusal by metadata does not wait for the body; a rule by input does', async () => {
  const whole = rawRequest('POST', '/v2/models/early/infer', 'x'.repeat(5000), { 'x-off': 'yes' });
  const refused = await sendRaw(url, whole.subarray(0, whole.byteLength - 3000));
  assert.equal(refused.status, 400);
  assert.match(refused.body, /closed for repairs/);
  const closed = await askX(url, 'closed', 1);
  assert.deepEqual([closed.status, closed.error], [400, 'closed for good']);
  assert.equal((await routeView(url, 'early')).answeredOtherwise.refuse, 1);
  const late = rawRequest('POST', '/v2/models/pick/infer', 'x'.repeat(5000), {
    'x-request-timeout-ms': '100',
  });
  const waited = await sendRaw(url, late.subarray(0, late.byteLength - 3000));
  assert.match(waited.body, /DEADLINE_ARRIVING/);
});

test('names with *, routes that lead to routes, and targets that the request names', async () => {
  assert.equal(await by('shop-books'), 'b/1');
  assert.equal(await by('shop-music', { 'x-galley-tenant': 'gold' }), 'a/2');
  assert.equal(await by('shop-music', {}, { x: [-1, 0] }), 'b/1');
  assert.equal(await by('chosen'), 'a/1');
  assert.equal(await by('chosen', { 'x-model': 'a/2' }), 'a/2');
  assert.equal(await by('chosen', { 'x-model': 'a/1' }), 'a/1');
  assert.equal(await by('chosen', { 'x-model': 'pick', 'x-galley-tenant': 'gold' }), 'a/2');
  assert.equal(await by('told'), 'a/1');
  assert.equal(await by('told', {}, { parameters: { model: 'a/2' } }), 'a/2');
});

test('a route hides the model of its name, whose versions stay callable', async () => {
  assert.equal(await by('b'), 'b/1');
  assert.equal(await by('b', { 'x-new': '1' }), 'a/2');
  const direct = await askX(url, 'b/versions/1', 1, { headers: { 'x-new': '1' } });
  assert.deepEqual([direct.status, direct.output('y')], [200, [10]], direct.text);
  const unknown = await askX(url, 'chosen/versions/1', 1);
  assert.deepEqual([unknown.status, unknown.reason], [404, 'VERSION_UNKNOWN']);
});

test('metadata, readiness, list and explanation of a route', async () => {
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  const { json: about } = await get('/v2/models/pick');
  assert.deepEqual([about.name, about.platform, about.versions], ['pick', 'galley_route', []]);
  assert.deepEqual(about.inputs, [{ name: 'x', datatype: 'FP32', shape: [-1] }]);
  assert.equal((await get('/v2/models/pick/ready')).status, 200);
  assert.equal((await get('/v1/models/shop-books')).status, 200);
  const { models } = (await get('/v1/models')).json as { models: { name: string }[] };
  assert.ok(models.some(({ name }) => name === 'pick'));
  assert.equal((await get('/v2/models/pick/config')).status, 501);
  const asked = await askX(url, 'pick', 1, {
    headers: { 'x-galley-explain': '1', 'x-galley-tenant': 'gold' },
  });
  const { route } = JSON.parse(asked.headers.get('x-galley-explain') ?? '{}') as {
    route?: { rule?: number };
  };
  assert.equal(route?.rule, 2);
});
