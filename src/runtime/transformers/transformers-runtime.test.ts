import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeOnnx } from '../../../tools/onnx-writer.ts';
import { TransformersSettings } from '../../config/transformers-settings.ts';
import { decodeBytesElements, encodeTextElements } from '../../tensor/bytes-elements.ts';
import { type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import type { Runtime } from '../contract/runtime.ts';
import { TRANSFORMERS_VERSION } from './transformers-library.ts';
import { loadTransformers } from './transformers-runtime.ts';

const SENTENCES = fileURLToPath(
  new URL('../../../../examples/embeddings/models/sentences/1', import.meta.url),
);

const root = mkdtempSync(join(tmpdir(), 'galley-hub-'));
const opened: Runtime[] = [];
after(async () => {
  for (const runtime of opened) await runtime.unload();
  rmSync(root, { recursive: true });
});
let folders = 0;

/** A copy of the example model that a test may change. Its name is none of the hub's. */
function copied(): string {
  const folder = join(root, `a copy #${folders++} (100%)`);
  cpSync(SENTENCES, folder, { recursive: true });
  return folder;
}

async function open(folder: string, settings: Partial<TransformersSettings> = {}): Promise<Runtime> {
  const runtime = await loadTransformers(
    { runtime: 'transformers', file: join(folder, 'config.json'), threads: 1, device: 'cpu' },
    TransformersSettings.parse(settings),
  );
  opened.push(runtime);
  return runtime;
}

function textsOf(texts: readonly (string | Uint8Array)[]): Tensor {
  const data = encodeTextElements(texts, (problem) => new Error(problem), 'text');
  return { name: 'text', datatype: 'BYTES', shape: [texts.length], data };
}

async function run(runtime: Runtime, texts: readonly string[]) {
  const call = {
    rows: texts.length,
    parameters: {},
    isPractice: false,
    refuseInput() {},
    refuseRow() {},
    ask: async () => [],
  };
  const outputs = await runtime.run([textsOf(texts)], call);
  return new Map(outputs.map((output) => [output.name, output]));
}

function floats(output: Tensor | undefined): number[] {
  return output === undefined ? [] : [...(typedArrayOf('FP32', output.data) as Float32Array)];
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? Number.NaN), 0);

test('texts become embeddings of length 1, near to those of similar texts, beside their numbers of tokens', async () => {
  const runtime = await open(SENTENCES);
  assert.deepEqual(
    runtime.metadata.outputs.map(({ name, shape }) => [name, shape]),
    [
      ['embedding', [-1, 100]],
      ['tokens', [-1]],
    ],
  );
  const texts = ['The market fell', 'share prices dropped on the exchange today', 'a new guitar'];
  const outputs = await run(runtime, texts);
  assert.deepEqual(outputs.get('embedding')?.shape, [3, 100]);
  const all = floats(outputs.get('embedding'));
  const [market = [], prices = [], guitar = []] = [0, 1, 2].map((row) =>
    all.slice(row * 100, row * 100 + 100),
  );
  assert.ok(Math.abs(dot(market, market) - 1) < 1e-5);
  assert.ok(dot(market, prices) > dot(market, guitar) + 0.3);
  assert.deepEqual(
    [...(typedArrayOf('INT32', outputs.get('tokens')?.data ?? textsOf([]).data) as Int32Array)],
    [3, 7, 3],
  );
});

test('a row is the same alone and among others; one without a known word is all zeros, not NaN', async () => {
  const runtime = await open(SENTENCES);
  const together = floats((await run(runtime, ['', 'a much longer text', 'zzzz', 'cat'])).get('embedding'));
  assert.deepEqual(together.slice(300), floats((await run(runtime, ['cat'])).get('embedding')));
  assert.deepEqual(new Set(together.slice(0, 100)), new Set([0]));
  assert.deepEqual(new Set(together.slice(200, 300)), new Set([0]));
});

test('a text longer than the model takes is cut', async () => {
  const outputs = await run(await open(SENTENCES), ['word '.repeat(1000)]);
  assert.deepEqual([...new Uint8Array(outputs.get('tokens')?.data.chunks[0] ?? [])].slice(0, 2), [0, 1]);
});

test('where the tokenizer has no limit, the network sets it', async () => {
  const folder = copied();
  writeFileSync(join(folder, 'tokenizer_config.json'), '{"tokenizer_class": "BertTokenizer"}');
  writeFileSync(join(folder, 'config.json'), '{"model_type": "bert", "max_position_embeddings": 7}');
  const outputs = await run(await open(folder), ['word '.repeat(1000)]);
  assert.deepEqual([...new Uint8Array(outputs.get('tokens')?.data.chunks[0] ?? [])], [7, 0, 0, 0]);
});

test('pooling and length are settings', async () => {
  const first = await run(await open(SENTENCES, { pooling: 'cls', normalize: false }), ['cat dog', 'cat']);
  const values = floats(first.get('embedding'));
  assert.deepEqual(values.slice(0, 100), values.slice(100));
  assert.ok(Math.abs(dot(values, values) / 2 - 1) > 0.01);
});

test('bytes that are no text are refused for their row', async () => {
  const runtime = await open(SENTENCES);
  const unfit = runtime.unfitRows?.([textsOf(['cat', Uint8Array.of(0xff)])], 2);
  assert.deepEqual(
    [...(unfit ?? [])],
    [[1, "input 'text': element 0 is not UTF-8 text, which a tokenizer requires"]],
  );
});

test('a classifier names the best label of each text, and the scores of all', async () => {
  const folder = copied();
  const config = { model_type: 'bert', architectures: ['BertForSequenceClassification'] };
  const labels = { id2label: { 0: 'none', 1: 'animal' } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...labels }));
  const dims = ['batch', 'sequence'];
  // Its logits are 0, and the token ids divided by 100 000.
  const graph = writeOnnx({
    name: 'classifier',
    inputs: [{ name: 'input_ids', datatype: 'INT64', dims }],
    outputs: [{ name: 'logits', datatype: 'FP32', dims: ['batch', 2] }],
    nodes: [
      { opType: 'Cast', inputs: ['input_ids'], outputs: ['ids'], attributes: { to: { int: 1 } } },
      { opType: 'ReduceMax', inputs: ['ids'], outputs: ['largest'], attributes: { axes: { ints: [1] } } },
      { opType: 'MatMul', inputs: ['largest', 'weights'], outputs: ['logits'] },
    ],
    initializers: [{ name: 'weights', shape: [1, 2], values: Float32Array.of(0, 1e-5) }],
  });
  writeFileSync(join(folder, 'onnx/model.onnx'), graph);
  const outputs = await run(await open(folder), ['', 'horses']);
  const names = decodeBytesElements(outputs.get('label')?.data ?? textsOf([]).data);
  assert.deepEqual(
    names.map((name) => Buffer.from(name).toString()),
    ['none', 'animal'],
  );
  assert.deepEqual(outputs.get('scores')?.shape, [2, 2]);
  const [none = 0, alsoNone, other = 0, animal = 0] = floats(outputs.get('scores'));
  assert.deepEqual([none, alsoNone], [0.5, 0.5]);
  assert.ok(animal > 0.5 && Math.abs(other + animal - 1) < 1e-6);
  assert.deepEqual(floats(outputs.get('score')), [none, animal]);
  await assert.rejects(
    open(folder, { task: 'feature-extraction' }),
    /the network has the outputs logits, wanted last_hidden_state or token_embeddings/,
  );
});

test('the release named by the error is the one that the package accepts, with our ONNX Runtime', () => {
  const read = (file: string) => {
    const path = new URL(`../../../../${file}`, import.meta.url);
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
  };
  const [own, library] = [read('package.json'), read('node_modules/@huggingface/transformers/package.json')];
  assert.equal(own.peerDependencies?.['@huggingface/transformers'], TRANSFORMERS_VERSION);
  assert.equal(own.devDependencies?.['@huggingface/transformers'], TRANSFORMERS_VERSION);
  assert.equal(library.dependencies?.['onnxruntime-node'], own.dependencies?.['onnxruntime-node']);
});

test('weights beside config.json are found, and missing parts are named', async () => {
  const folder = copied();
  renameSync(join(folder, 'onnx/model.onnx'), join(folder, 'onnx/model_quantized.onnx'));
  await assert.rejects(
    open(folder),
    /model\.onnx does not exist, found model_quantized\.onnx: set transformers\.dtype/,
  );
  assert.equal((await open(folder, { dtype: 'q8' })).metadata.platform, 'galley_transformers');
  renameSync(join(folder, 'onnx/model_quantized.onnx'), join(folder, 'model.onnx'));
  rmSync(join(folder, 'onnx'), { recursive: true });
  assert.equal((await open(folder)).metadata.outputs[0]?.name, 'embedding');
  rmSync(join(folder, 'model.onnx'));
  await assert.rejects(open(folder), /model\.onnx does not exist: the runtime transformers needs weights/);
  rmSync(join(folder, 'tokenizer.json'));
  await assert.rejects(open(folder), /tokenizer\.json does not exist: copy it/);
  rmSync(join(folder, 'config.json'));
  await assert.rejects(open(folder), /config\.json cannot be read/);
});
