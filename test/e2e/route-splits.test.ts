import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { askX, commandRoute, countsOf, eachOf, routeView, servedBy } from '../support/route-asking.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-splits-'));
let server: RunningServer;
let url = '';

/** The sign of a number as label and as scores; fails at 666. */
const CLASSIFIER = `import { defineModel } from 'galley';
  const tensor = (name, datatype, shape) => ({ name, datatype, shape });
  export default defineModel({ inputs: [tensor('x', 'FP32', [-1])],
    outputs: [tensor('sign', 'BYTES', [-1]), tensor('sure', 'FP32', [-1]), tensor('scores', 'FP32', [-1, 2])],
    predict({ x: { data: [...data], shape } }) {
      if (data.includes(666)) throw new Error('told to throw');
      const positive = data.map((v) => Math.min(1, Math.max(0, (v + 10) / 20)));
      return { sign: { shape, data: data.map((v) => (v < 0 ? 'minus' : v > 0 ? 'plus' : 'zero')) },
        sure: { shape, data: Float32Array.from(positive, (p) => Math.max(p, 1 - p)) },
        scores: { shape: [...shape, 2], data: Float32Array.from(positive.flatMap((p) => [1 - p, p])) } };
    } });`;

before(async () => {
  writeSteeredModel(join(root, 'a', '1'));
  writeSteeredModel(join(root, 'a', '2'));
  writeSteeredModel(join(root, 'b', '1'));
  mkdirSync(join(root, 'label', '1'), { recursive: true });
  writeFileSync(join(root, 'label', '1', 'model.mjs'), CLASSIFIER);
  const targets = { minus: 'a/1', plus: 'a/2' };
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      models: { a: { versions: 'all' } },
      routes: {
        thirds: { otherwise: { split: { 'a/1': 1, 'a/2': 2 } } },
        moved: { otherwise: { split: { 'a/1': 1000, 'a/2': 1000 } } },
        sticky: { otherwise: { split: { 'a/1': 1, 'a/2': 1, b: 2 }, stickyBy: 'header:x-user' } },
        'by-input': {
          when: [{ match: { input: { name: 'x', value: '< 0' } }, use: 'a/2' }],
          otherwise: 'a/1',
        },
        nested: { otherwise: { split: { 'by-input': 1, b: 1 } } },
        sign: {
          otherwise: {
            choose: {
              by: 'label',
              output: 'sign',
              confidence: 'sure',
              threshold: 0.7,
              targets,
              otherwise: 'b',
            },
          },
        },
        scores: {
          otherwise: {
            choose: {
              by: 'label',
              output: 'scores',
              threshold: 0.7,
              targets: { 0: 'a/1', 1: 'sticky' },
              otherwise: 'b',
            },
          },
        },
      },
    },
  });
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function sharesOf(route: string, count: number): Promise<Readonly<Record<string, number>>> {
  const answers = await eachOf(count, 16, async (index) => askX(url, route, index));
  assert.ok(answers.every(({ status }) => status === 200));
  return countsOf(answers.map(servedBy));
}

test('shares of requests without a key are exact', async () => {
  assert.deepEqual(await sharesOf('thirds', 999), { 'a/1': 333, 'a/2': 666 });
  const { shares } = await routeView(url, 'thirds');
  assert.deepEqual(
    shares.map(({ share }) => Math.round(share * 100)),
    [33, 67],
  );
});

test('shares are exact where one of the targets is a route that waits for the body', async () => {
  assert.deepEqual(await sharesOf('nested', 100), { 'a/1': 50, 'b/1': 50 });
});

test('an operator changes the weights, and the new shares are exact at once', async () => {
  assert.deepEqual(await sharesOf('moved', 101), { 'a/1': 51, 'a/2': 50 });
  const changed = await commandRoute(url, 'moved', 'weights?weights=a/1:1,a/2:3');
  assert.equal(changed.status, 200);
  assert.deepEqual(await sharesOf('moved', 100), { 'a/1': 25, 'a/2': 75 });
  assert.equal((await commandRoute(url, 'moved', 'weights?weights=a/1:1,a/2:0')).status, 200);
  assert.deepEqual(await sharesOf('moved', 10), { 'a/1': 10 });
  for (const wrong of [
    'weights',
    'weights?weights=a/1:1',
    'weights?weights=a/1:0,a/2:0',
    'weights?weights=a/1',
  ]) {
    assert.equal((await commandRoute(url, 'moved', wrong)).status, 400, wrong);
  }
  assert.equal((await commandRoute(url, 'moved', 'pause')).status, 409);
  assert.equal((await commandRoute(url, 'moved', 'sing')).status, 404);
  assert.equal((await commandRoute(url, 'nowhere', 'pause')).status, 404);
});

test('requests of the same key get the same target', async () => {
  const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
  const targetsOf = async () =>
    eachOf(users.length, 8, async (index) =>
      servedBy(await askX(url, 'sticky', 1, { headers: { 'x-user': users[index] as string } })),
    );
  const first = await targetsOf();
  assert.deepEqual(await targetsOf(), first);
  const counts = countsOf(first);
  assert.ok(
    ['a/1', 'a/2', 'b/1'].every((name) => (counts[name] ?? 0) > 20),
    JSON.stringify(counts),
  );
});

test('the label of a classifier chooses the target; a low confidence or a failure leads to otherwise', async () => {
  const by = async (route: string, x: number | readonly number[]) => servedBy(await askX(url, route, x));
  assert.equal(await by('sign', -9), 'a/1');
  assert.equal(await by('sign', 9), 'a/2');
  assert.equal(await by('sign', 1), 'b/1');
  assert.equal(await by('sign', 0), 'b/1');
  assert.equal(await by('sign', [9, -9]), 'b/1');
  assert.equal(await by('sign', [9, 8]), 'a/2');
  assert.equal(await by('sign', 666), 'b/1');
  assert.equal(await by('scores', -9), 'a/1');
  assert.equal(await by('scores', 1), 'b/1');
  const { headers } = await askX(url, 'scores', 9, {
    headers: { 'x-user': 'user-1', 'x-galley-explain': '1' },
  });
  const sticky = await askX(url, 'sticky', 9, { headers: { 'x-user': 'user-1' } });
  assert.equal(servedBy({ headers }), servedBy(sticky));
  assert.match(headers.get('x-galley-explain') ?? '', /label says '1'/);
});
