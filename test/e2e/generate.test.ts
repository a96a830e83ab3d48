import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-generate-'));
const MADE = join(root, 'made');
const ENDED = join(root, 'ended');
/** Says the words of a text. Certain words wait, fail, end the process, or never end. */
const SPEAKER = `import { appendFileSync, writeFileSync } from 'node:fs';
import { defineModel } from 'galley';
export default defineModel({
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  outputs: [
    { name: 'word', datatype: 'BYTES', shape: [1] },
    { name: 'index', datatype: 'INT32', shape: [1] },
  ],
  samples: [{ text: { shape: [1], data: ['hello world'] } }],
  async *predictStream({ text }, _state, { signal }) {
    const part = (word: string, index: number) => ({
      word: { shape: [1], data: [word] },
      index: { shape: [1], data: [index] },
    });
    try {
      for (const [index, word] of new TextDecoder().decode(text.data[0]).split(' ').entries()) {
        if (word === 'fail') throw new Error('cannot say it');
        if (word === 'exit') process.exit(3);
        if (word === 'wait') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        for (let more = 0; word === 'endless'; more++) {
          appendFileSync(${JSON.stringify(MADE)}, '.');
          yield part('x'.repeat(100_000), more);
        }
        if (word === 'forever') for (;;) yield part('on', index);
        yield part(word, index);
      }
    } finally {
      writeFileSync(${JSON.stringify(ENDED)}, signal.aborted ? 'aborted' : 'to the end');
    }
  },
});`;
const DOUBLE = `import { defineModel } from 'galley';
const tensor = (name) => ({ name, datatype: 'FP32', shape: [-1, 2] });
export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')],
  predict: ({ x }) => ({ y: { shape: x.shape, data: x.data.map((each) => 2 * each) } }) });`;
let server: RunningServer;

before(async () => {
  for (const [folder, file, text] of [
    ['speaker', 'model.ts', SPEAKER],
    ['double', 'model.mjs', DOUBLE],
  ] as const) {
    mkdirSync(join(root, folder));
    writeFileSync(join(root, folder, file), text);
  }
  writeFileSync(
    join(root, 'galley.yaml'),
    'repository: .\nmodels: { speaker: { batching: { rows: independent } } }\n',
  );
  server = await RunningServer.start([join(root, 'galley.yaml')]);
});
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true });
});

async function generate(
  model: string,
  body: object,
  verb = 'generate',
  signal = AbortSignal.timeout(20_000),
) {
  rmSync(ENDED, { force: true });
  return fetch(`${server.url}/v2/models/${model}/${verb}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal,
  });
}

async function speak(text: string, more: object = {}) {
  const response = await generate('speaker', { text, ...more }, 'generate_stream');
  const events = (await response.text()).split('\n\n').filter(Boolean);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    events: events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Record<string, unknown>),
  };
}

const ended = async () =>
  until('the iterator has ended', () => existsSync(ENDED) && readFileSync(ENDED, 'utf8'));

test('generate takes and gives plain values', async () => {
  const response = await generate('double', { id: 'mine', x: [1, 2, 3, 4], parameters: { other: true } });
  assert.deepEqual(
    [response.status, await response.json()],
    [200, { id: 'mine', model_name: 'double', model_version: '1', y: [2, 4, 6, 8] }],
  );
  const wrong = await generate('double', { z: 1 });
  assert.deepEqual(
    [wrong.status, ((await wrong.json()) as { error: string }).error],
    [400, "the request has no 'x', wanted the inputs [x] of model 'double'"],
  );
  const events = await (await generate('double', { parameters: { x: [1, 2] } }, 'generate_stream')).text();
  assert.equal(events, 'data: {"model_name":"double","model_version":"1","y":[2,4]}\n\n');
});

test('a model that answers in parts sends each as an event', async () => {
  const { status, type, events } = await speak('to be or', { id: 'a' });
  assert.deepEqual([status, type], [200, 'text/event-stream; charset=utf-8']);
  assert.deepEqual(
    events,
    ['to', 'be', 'or'].map((word, index) => ({
      id: 'a',
      model_name: 'speaker',
      model_version: '1',
      word,
      index,
    })),
  );
  assert.equal(await ended(), 'to the end');
  const config = await (await fetch(`${server.url}/v2/models/speaker/config`)).json();
  assert.deepEqual((config as Record<string, unknown>).model_transaction_policy, { decoupled: true });
});

test('asked for a whole answer, it gives its only part or says how to ask', async () => {
  const one = await generate('speaker', { text: 'hello' });
  assert.deepEqual([one.status, ((await one.json()) as { word: string }).word], [200, 'hello']);
  const many = await generate('speaker', { text: 'hello world' });
  assert.equal(many.status, 400);
  assert.match(
    ((await many.json()) as { error: string }).error,
    /answers in parts: send the request to generate_stream/,
  );
});

test('a failure is a status before the first part, and an event after it', async () => {
  const first = await speak('fail');
  assert.equal(first.status, 500);
  const later = await speak('I fail');
  assert.deepEqual([later.status, later.events.length], [200, 2]);
  assert.deepEqual(later.events[1], {
    error: 'the model failed: cannot say it (model.ts, line 17)',
    reason: 'MODEL_ERROR',
  });
  const late = await speak('I wait', { parameters: { timeout: 300_000 } });
  assert.match(String(late.events[1]?.error), /still running after 300 ms/);
  assert.equal(await ended(), 'aborted');
});

test('a disconnected client ends the iterator, and the replica serves on', async () => {
  const leaving = new AbortController();
  const response = await generate('speaker', { text: 'forever' }, 'generate_stream', leaving.signal);
  await response.body?.getReader().read();
  leaving.abort();
  assert.equal(await ended(), 'aborted');
  assert.equal((await speak('still here')).events.length, 2);
});

test('a client that does not read holds the model back', async () => {
  const leaving = new AbortController();
  const response = await generate('speaker', { text: 'endless' }, 'generate_stream', leaving.signal);
  await response.body?.getReader().read();
  const made = () => statSync(MADE).size;
  await until('it makes no more', async () => {
    const before = made();
    for (let count = 0; count < 60; count++) await generate('double', { x: [1, 2] });
    return made() === before;
  });
  leaving.abort();
  assert.equal(await ended(), 'aborted');
});

test('requests in one batch are answered beside each other', async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  await generate('speaker', { text: 'a wait' }, 'generate_stream', first.signal);
  const waiting = generate('speaker', { text: 'b wait' }, 'generate_stream', second.signal);
  const other = speak('c d e');
  await until('both are in the queue', async () => {
    const { models } = (await (await fetch(`${server.url}/admin/models`)).json()) as {
      models: { name: string; versions: { queue: { rows: number } }[] }[];
    };
    return models.find(({ name }) => name === 'speaker')?.versions[0]?.queue.rows === 2;
  });
  first.abort();
  assert.equal((await other).events.length, 3);
  assert.equal((await waiting).status, 200);
  second.abort();
});

test('parts are not sent twice when their replica is lost', async () => {
  const { status, events } = await speak('I exit');
  assert.deepEqual(
    [status, events.length, events[0]?.word, events[1]?.reason],
    [200, 2, 'I', 'REPLICA_LOST'],
  );
  await until('a new replica serves', async () => (await speak('hello again')).status === 200);
  await server.stop();
});
