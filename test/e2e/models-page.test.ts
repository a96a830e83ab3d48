import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const PAGE = readFileSync(join(PROJECT, 'docs/models.md'), 'utf8');
/** In the project, where `galley/image` finds what it needs. */
const root = mkdtempSync(join(PROJECT, 'dist/models-page-'));
let server: RunningServer;

/** The files of the page: each block of code after a line that is the path of its file. */
const FILES = [...PAGE.matchAll(/^ {4}(models\/\S+)\n(?:\n```\w+\n([\s\S]*?)```)?/gm)].map(
  ([, path = '', contents]) => ({ path, contents }),
);

before(async () => {
  cpSync(join(PROJECT, 'examples/models/digits/1'), join(root, 'models/digits/1'), { recursive: true });
  server = await RunningServer.start([join(root, 'models'), '--watch']);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function predict(model: string): Promise<unknown> {
  const b64 = readFileSync(join(PROJECT, 'examples/digit.png')).toString('base64');
  const response = await fetch(`${server.url}/v1/models/${model}:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: [{ b64 }] }),
  });
  return response.json();
}

test('the models of the page are served as the page says, one after the other, while the server runs', async () => {
  assert.deepEqual(
    FILES.map(({ path }) => path),
    [
      'models/digits/1/model.onnx',
      'models/reader/model.ts',
      'models/words/model.ts',
      'models/spoken/model.yaml',
    ],
  );
  for (const { path, contents } of FILES.slice(1)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents ?? '');
    const name = dirname(path).slice('models/'.length);
    await until(`${name} serves`, async () => {
      const { status } = await fetch(`${server.url}/v2/models/${name}/ready`);
      return status === 200;
    });
  }
  assert.deepEqual(await predict('reader'), { predictions: [7] });
  assert.ok(PAGE.includes('# {"predictions":[7]}'));
  assert.deepEqual(await predict('spoken'), { predictions: ['seven'] });
});

test('a saved change of a model in TypeScript answers the next request within a second', async (t) => {
  const file = join(root, 'models/words/model.ts');
  const text = readFileSync(file, 'utf8');
  const startedAt = performance.now();
  writeFileSync(
    file,
    text.replace('zero one two three four five six seven', 'null eins zwei drei vier fünf sechs sieben'),
  );
  await until('the change answers', async () => JSON.stringify(await predict('spoken')).includes('sieben'));
  t.diagnostic(`from the saved file to the answer in ${Math.round(performance.now() - startedAt)} ms`);
});
