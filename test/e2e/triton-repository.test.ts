import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-triton-'));
let server: RunningServer;

const PIXELS = (
  JSON.parse(readFileSync(join(PROJECT, 'examples/digit.json'), 'utf8')) as { inputs: [{ data: number[] }] }
).inputs[0].data;

/** The images come as 1 × 28 × 28; the model takes 784 numbers. */
const DIGITS = `name: "digits"
platform: "onnxruntime_onnx"
max_batch_size: 8
default_model_filename: "net.onnx"
input [ { name: "image" data_type: TYPE_FP32 format: FORMAT_NCHW
  dims: [ 1, 28, 28 ] reshape { shape: [ 784 ] } } ]
output [ { name: "probabilities" data_type: TYPE_FP32 dims: [ 2, 5 ] reshape { shape: [ 10 ] } label_filename: "labels.txt" } ]
dynamic_batching { max_queue_delay_microseconds: 100 }
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "enable_mem_arena" value: { string_value: "0" } }
optimization { graph { level: 1 } }
version_policy: { specific { versions: [ 1, 2 ] } }
model_warmup [ { name: "digit" batch_size: 1 inputs {
  key: "image" value: { data_type: TYPE_FP32 dims: [ 1, 28, 28 ] input_data_file: "digit.bin" } } } ]
`;

const LARGEST = `backend: "galley" max_batch_size: 8
input { name: "scores" data_type: TYPE_FP32 dims: [ 2, 5 ] reshape { shape: [ 10 ] } }
output { name: "index" data_type: TYPE_INT32 dims: [ 1 ] reshape { shape: [ ] } }`;

const LARGEST_MODEL = `import { defineModel } from 'galley';
export default defineModel({
  inputs: [{ name: 'scores', datatype: 'FP32', shape: [-1, 10] }],
  outputs: [{ name: 'index', datatype: 'INT32', shape: [-1] }],
  predict({ scores: { shape: [rows], data } }) {
    const largest = (_, row) => {
      const own = data.slice(row * 10, row * 10 + 10);
      return own.indexOf(Math.max(...own));
    };
    return { index: { shape: [rows], data: Int32Array.from({ length: rows }, largest) } };
  },
});`;

const CHAIN = `name: "chain"
platform: "ensemble"
max_batch_size: 8
input [ { name: "picture" data_type: TYPE_FP32 dims: [ 1, 28, 28 ] } ]
output [ { name: "digit" data_type: TYPE_INT32 dims: [ 1 ] } ]
ensemble_scheduling {
  step [
    {
      model_name: "digits" model_version: -1
      input_map { key: "image" value: "picture" }
      output_map { key: "probabilities" value: "scores" }
    },
    {
      model_name: "largest" model_version: 1
      input_map { key: "scores" value: "scores" }
      output_map { key: "index" value: "digit" }
    }
  ]
}`;

before(async () => {
  const model = join(PROJECT, 'examples/models/digits/2/model.onnx');
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const copy = (name: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(model, join(folder, name));
  };
  write('digits/config.pbtxt', DIGITS);
  write('digits/warmup/digit.bin', Buffer.from(Float32Array.from(PIXELS).buffer));
  copy('digits/1/net.onnx');
  copy('digits/2/net.onnx');
  copy('digits/03/net.onnx');
  write('typo/config.pbtxt', 'max_batch_size: 8\ninput {\n  name: "image" data_typ: TYPE_FP32\n}');
  copy('typo/1/model.onnx');
  write('other/config.pbtxt', 'max_batch_size: 8 input { name: "image" data_type: TYPE_FP32 dims: [ 700 ] }');
  copy('other/1/model.onnx');
  write('largest/config.pbtxt', LARGEST);
  write('largest/1/model.mjs', LARGEST_MODEL);
  write('chain/config.pbtxt', CHAIN);
  mkdirSync(join(folder, 'chain/1'));
  write('twice/config.pbtxt', '');
  write('twice/model.yaml', '');
  copy('twice/1/model.onnx');
  server = await RunningServer.start([folder, '--log-format', 'json']);
});
after(async () => {
  await server.stop();
  RunningServer.endAll();
  rmSync(folder, { recursive: true });
});

async function get(path: string): Promise<unknown> {
  return (await fetch(`${server.url}${path}`)).json();
}

async function infer(shape: readonly number[], version: string) {
  const data = Array.from({ length: shape[0] ?? 1 }, () => PIXELS).flat();
  const response = await fetch(`${server.url}/v2/models/digits/versions/${version}/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'image', datatype: 'FP32', shape, data }] }),
  });
  const body = (await response.json()) as { outputs?: [{ shape: number[]; data: number[] }]; error?: string };
  return { status: response.status, output: body.outputs?.[0], error: body.error };
}

test('a model of a Triton repository answers in the shapes of its configuration', async () => {
  const metadata = (await get('/v2/models/digits')) as {
    versions: string[];
    inputs: object[];
    outputs: object[];
  };
  assert.deepEqual(metadata.versions, ['1', '2']);
  assert.deepEqual(metadata.inputs, [{ name: 'image', datatype: 'FP32', shape: [-1, 1, 28, 28] }]);
  assert.deepEqual(metadata.outputs, [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2, 5] }]);
  for (const version of ['1', '2']) {
    const { status, output } = await infer([3, 1, 28, 28], version);
    assert.equal(status, 200);
    assert.deepEqual(output?.shape, [3, 2, 5]);
    const first = output?.data.slice(0, 10) ?? [];
    assert.equal(first.indexOf(Math.max(...first)), 7);
  }
});

test('requests have at most max_batch_size rows, in the shape of the configuration', async () => {
  const { status, error } = await infer([9, 1, 28, 28], '1');
  assert.equal(status, 400, error);
  assert.equal((await infer([1, 784], '1')).status, 400);
  const config = (await get('/v2/models/digits/config')) as Record<string, unknown>;
  assert.equal(config.max_batch_size, 8);
  assert.equal(config.default_model_filename, 'net.onnx');
});

test('an ensemble runs its steps', async () => {
  const data = [...PIXELS, ...PIXELS];
  const response = await fetch(`${server.url}/v2/models/chain/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'picture', datatype: 'FP32', shape: [2, 1, 28, 28], data }] }),
  });
  const { outputs } = (await response.json()) as { outputs: object[] };
  assert.deepEqual(outputs, [{ name: 'digit', datatype: 'INT32', shape: [2, 1], data: [7, 7] }]);
  const metadata = (await get('/v2/models/chain')) as { inputs: object[] };
  assert.deepEqual(metadata.inputs, [{ name: 'picture', datatype: 'FP32', shape: [-1, 1, 28, 28] }]);
});

test('a configuration that cannot be read breaks only its model, with the place', async () => {
  const index = (await (await fetch(`${server.url}/v2/repository/index`, { method: 'POST' })).json()) as {
    name: string;
    state?: string;
    reason?: string;
  }[];
  const reasonOf = (name: string) => index.find((row) => row.name === name)?.reason ?? '';
  assert.match(
    reasonOf('typo'),
    /typo\/config\.pbtxt: line 3, column 17: unknown field 'data_typ', did you mean 'data_type'\?/,
  );
  assert.match(reasonOf('other'), /input 'image' is FP32 \[-1, 784\] in the model, wanted FP32 \[-1, 700\]/);
  assert.match(reasonOf('twice'), /found both .*model\.yaml and .*config\.pbtxt, wanted one settings file/);
  assert.equal((await fetch(`${server.url}/v2/models/digits/ready`)).status, 200);
  const ready = await fetch(`${server.url}/v2/health/ready`);
  assert.notEqual(ready.status, 200);
});

test('the log says what is ignored', () => {
  const { stderr, stdout } = server.output;
  assert.match(
    stderr + stdout,
    /model 'digits': .*config\.pbtxt: line 7, column 112: 'output\.label_filename' is ignored/,
  );
  assert.match(stderr + stdout, /digits\/03 is skipped: a version does not begin with 0/);
});

test('galley import prints the same settings as a model.yaml', async () => {
  const { code, stdout } = await galley(['import', join(folder, 'digits/config.pbtxt')]);
  assert.equal(code, 0);
  assert.match(stdout, /^# line 7: 'output\.label_filename' is ignored: /m);
  assert.match(stdout, /^# 'default_model_filename' has no setting: rename net\.onnx to model\.onnx$/m);
  assert.match(stdout, /^ {6}shape: \[ -1, 1, 28, 28 \]\n {6}modelShape: \[ -1, 784 \]$/m);
  const yaml = join(folder, 'imported/digits');
  mkdirSync(yaml, { recursive: true });
  cpSync(join(folder, 'digits/1/net.onnx'), join(yaml, '1/model.onnx'));
  cpSync(join(folder, 'digits/1/net.onnx'), join(yaml, '2/model.onnx'));
  cpSync(join(folder, 'digits/warmup'), join(yaml, 'warmup'), { recursive: true });
  writeFileSync(join(yaml, 'model.yaml'), stdout);
  const checked = await galley(['check', join(folder, 'imported')]);
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /^ok: digits\/2 \(.*, 1 inputs, 1 outputs, batches up to 8$/m);
});

test('galley import names every problem with its place, and fails', async () => {
  const { code, stdout, stderr } = await galley(['import', join(folder, 'typo/config.pbtxt')]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^galley: .*typo\/config\.pbtxt: line 3, column 17: unknown field 'data_typ'/);
  const absent = await galley(['import', join(folder, 'absent.pbtxt')]);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /absent\.pbtxt: no such file/);
});
