import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import { PROJECT, RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-embeddings-'));
/** Counts characters: the first number is that of the text, the second that of its e's. */
const COUNTING = `
import { defineModel } from 'galley';
export default defineModel({
  inputs: [{ name: 'words', datatype: 'BYTES', shape: [-1, 1] }],
  outputs: [{ name: 'counts', datatype: 'FP32', shape: [-1, 2] }],
  predict({ words }) {
    const texts = words.data.map((text) => Buffer.from(text).toString());
    const counts = texts.flatMap((text) => [text === 'nan' ? NaN : text.length, text.split('e').length - 1]);
    return { counts: { shape: [texts.length, 2], data: counts } };
  },
});`;

let server: RunningServer;
let client: OpenAI;
before(async () => {
  mkdirSync(join(root, 'counting'));
  writeFileSync(join(root, 'counting/model.mjs'), COUNTING);
  const models = {
    sentences: { path: join(PROJECT, 'examples/embeddings/models/sentences') },
    counting: { path: join(root, 'counting'), warmup: { enabled: false } },
    echo: { path: join(TEST_MODELS, 'echo'), warmup: { enabled: false } },
  };
  const routes = { search: { otherwise: 'sentences' } };
  const file = join(root, 'galley.yaml');
  writeFileSync(file, JSON.stringify({ maxBodyBytes: 1_000_000, models, routes }));
  server = await RunningServer.start([file]);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'any', maxRetries: 0, timeout: 20_000 });
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function embeddings(model: string, input: string | string[], more: object = {}) {
  const answer = await client.embeddings.create({ model, input, ...more });
  return { ...answer, vectors: answer.data.map(({ embedding }) => embedding) };
}

function lengthOf(vector: readonly number[]): number {
  return Math.hypot(...vector);
}

test("OpenAI's client gets an embedding of each text, in order, and the tokens they took", async () => {
  const texts = ['the parcel', 'an old horse'];
  const { data, model, object, usage, vectors } = await embeddings('sentences', texts);
  assert.deepEqual(
    data.map((each) => [each.object, each.index]),
    [
      ['embedding', 0],
      ['embedding', 1],
    ],
  );
  assert.deepEqual([model, object, usage], ['sentences', 'list', { prompt_tokens: 5, total_tokens: 5 }]);
  for (const vector of vectors) assert.ok(vector.length === 100 && Math.abs(lengthOf(vector) - 1) < 1e-5);
  const alone = await embeddings('sentences/1', 'an old horse');
  assert.deepEqual(alone.vectors, [vectors[1]]);
});

test('numbers and base64 hold the same floats, and fewer dimensions have the length 1 again', async () => {
  // The client asks for base64 unless it is told otherwise.
  const { vectors } = await embeddings('sentences', 'a parcel');
  const { vectors: numbers } = await embeddings('sentences', 'a parcel', { encoding_format: 'float' });
  assert.deepEqual(numbers, vectors);
  const [short = []] = (await embeddings('sentences', 'a parcel', { dimensions: 8 })).vectors;
  const part = vectors[0]?.slice(0, 8) ?? [];
  assert.ok(Math.abs(lengthOf(short) - 1) < 1e-5);
  for (const [axis, value] of part.entries()) {
    assert.ok(Math.abs(value / lengthOf(part) - (short[axis] ?? 0)) < 1e-5);
  }
});

test('any model of texts and vectors can be called, and a route too', async () => {
  const counted = await embeddings('counting', ['three', 'horses']);
  assert.deepEqual(counted.vectors, [
    [5, 2],
    [6, 1],
  ]);
  assert.deepEqual(counted.usage, { prompt_tokens: 0, total_tokens: 0 });
  const { data, response } = await client.embeddings
    .create({ model: 'search', input: 'a parcel' })
    .withResponse();
  assert.equal(response.headers.get('x-galley-served-by'), 'sentences/1');
  assert.equal(data.model, 'search');
  assert.deepEqual(data.data[0]?.embedding, (await embeddings('sentences', 'a parcel')).vectors[0]);
});

test('a request large enough for a codec thread gets the same embeddings', async () => {
  const texts = Array.from({ length: 600 }, (_, index) => `sentence ${'more '.repeat(30)}${index}`);
  const { vectors } = await embeddings('counting', texts, { encoding_format: 'float' });
  assert.deepEqual(
    vectors,
    texts.map((text) => [text.length, text.split('e').length - 1]),
  );
});

for (const [what, body, status, error] of [
  ['an unknown model', { model: 'none', input: 'a' }, 404, { param: null, code: 'model_not_found' }],
  ['an unknown version', { model: 'counting/7', input: 'a' }, 404, { param: null, code: 'model_not_found' }],
  ['no model', { input: 'a' }, 400, { param: 'model', code: 'INVALID_INPUT' }],
  ['a model without texts', { model: 'echo', input: 'a' }, 400, { param: 'model', code: 'INVALID_INPUT' }],
  ['no input', { model: 'counting' }, 400, { param: 'input', code: 'INVALID_INPUT' }],
  ['tokens', { model: 'counting', input: [[1, 2]] }, 400, { param: 'input', code: 'INVALID_INPUT' }],
  [
    'half a character',
    { model: 'counting', input: '\ud83d' },
    400,
    { param: 'input', code: 'INVALID_INPUT' },
  ],
  [
    'too many dimensions',
    { model: 'counting', input: 'a', dimensions: 3 },
    400,
    { param: 'dimensions', code: 'INVALID_INPUT' },
  ],
  [
    'an unknown format',
    { model: 'counting', input: 'a', encoding_format: 'hex' },
    400,
    { param: 'encoding_format', code: 'INVALID_INPUT' },
  ],
  ['too large a body', { model: 'counting', input: 'a'.repeat(1_000_000) }, 413, { code: 'BODY_TOO_LARGE' }],
] as const) {
  test(`${what} is refused in OpenAI's form`, async () => {
    const caught = await client.post('/embeddings', { body }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(caught instanceof APIError, String(caught));
    assert.equal(caught.status, status);
    const sent = caught.error as { type: string; message: string };
    assert.equal(sent.type, 'invalid_request_error');
    assert.ok(sent.message.length > 10);
    for (const [key, value] of Object.entries(error)) assert.equal(sent[key as 'type'], value);
  });
}

test('what is no number is never sent, and invalid JSON is refused', async () => {
  await assert.rejects(embeddings('counting', ['a', 'nan'], { encoding_format: 'float' }), {
    status: 500,
    error: {
      ...{ message: 'the embedding of text 1 contains NaN or Infinity', type: 'server_error' },
      ...{ param: null, code: 'BAD_OUTPUT' },
    },
  });
  const response = await fetch(`${server.url}/v1/embeddings`, { method: 'POST', body: '{"model": ' });
  const { error } = (await response.json()) as { error: { code: string } };
  assert.deepEqual([response.status, error.code], [400, 'MALFORMED']);
});

test("the list of models is OpenAI's too", async () => {
  const names: string[] = [];
  for await (const { id, object } of client.models.list()) names.push(`${object} ${id}`);
  assert.deepEqual(names.toSorted(), ['model counting', 'model echo', 'model search', 'model sentences']);
});

test('no bytes of any request are held once it is answered, nor of one whose client has gone', async () => {
  const gone = new AbortController();
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('{"model": "counting", "input": "'));
    },
  });
  const sent = fetch(`${server.url}/v1/embeddings`, {
    ...{ method: 'POST', body: stream, duplex: 'half', signal: gone.signal },
  } as RequestInit);
  await until('the body arrives', async () => (await heldBytes()) > 0);
  gone.abort();
  await assert.rejects(sent);
  await until('nothing is held', async () => (await heldBytes()) === 0);
});

async function heldBytes(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^galley_body_bytes (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
