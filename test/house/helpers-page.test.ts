import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from 'esbuild';
import type { ModelDefinition, PredictContext } from '../../src/model/define-model.ts';
import type { Infer } from '../../src/model/model-call.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
/** In the project, where `galley/image` is found. */
const scratch = mkdtempSync(join(PROJECT, 'dist/helpers-page-'));
after(() => rmSync(scratch, { recursive: true }));

/** The model in the block of the pages that contains a text. */
async function modelWith(text: string): Promise<ModelDefinition> {
  const page = ['models', 'typescript']
    .map((name) => readFileSync(join(PROJECT, `docs/${name}.md`), 'utf8'))
    .join('\n');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  const file = join(scratch, `${text.replace(/\W/g, '-')}.mjs`);
  const code = blocks.find((block) => block.includes(text)) ?? 'throw new Error("not on the page")';
  writeFileSync(file, transformSync(code, { loader: 'ts' }).code);
  return ((await import(pathToFileURL(file).href)) as { default: ModelDefinition }).default;
}

function contextOf(infer: Infer): PredictContext {
  return { rows: 1, parameters: {}, refuseRow() {}, refuseInput() {}, infer };
}

test('the model of the page that takes pictures gives them to digits', async () => {
  const model = await modelWith('galley/image');
  const asked: unknown[] = [];
  const context = contextOf(async (name, { image }) => {
    assert.ok(image !== undefined);
    asked.push(name, image.shape, image.data.length, Math.max(...(image.data as Float32Array)));
    const data = new Float32Array(10);
    data[7] = 1;
    return { probabilities: { datatype: 'FP32', shape: [1, 10], data } };
  });
  const picture = { shape: [1], data: [readFileSync(join(PROJECT, 'examples/digit.png'))] };
  const { digit } = (await model.predict?.({ picture }, undefined, context)) ?? {};
  assert.deepEqual(digit, { shape: [1], data: [7] });
  assert.deepEqual(asked, ['digits', [1, 784], 784, 1]);
});

test('the model of the page that takes texts gives them to classifier', async () => {
  const model = await modelWith('galley/text');
  const directory = join(PROJECT, 'test/conformance/tokenizers/wordpiece');
  const state = await model.load?.({ directory, threads: 1, device: 'cpu' });
  let shape: readonly number[] = [];
  const context = contextOf(async (_name, { input_ids }) => {
    shape = input_ids?.shape ?? [];
    return { score: { datatype: 'FP32', shape: [2], data: Float32Array.of(0.25, 0.5) } };
  });
  const text = { shape: [2], data: [Buffer.from('The server answers.'), Buffer.from('tokens')] };
  const { score } = (await model.predict?.({ text }, state, context)) ?? {};
  assert.deepEqual(score, { shape: [2], data: Float32Array.of(0.25, 0.5) });
  assert.deepEqual(shape, [2, 16]);
});
