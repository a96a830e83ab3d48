import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/errors.ts';
import { loadOnnx } from './onnx-runtime.ts';

const FIELD = fileURLToPath(new URL('../../../../test/conformance/field/outputs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'galley-onnx-failure-'));
after(() => rmSync(root, { recursive: true }));
const WHOLE = readFileSync(join(FIELD, 'inner-graphs.onnx'));

async function failure(file: string, device = 'cpu'): Promise<string> {
  return loadOnnx({ runtime: 'onnx', file, threads: 1, device }).then(
    () => 'the model was opened',
    (caught: unknown) => messageOf(caught),
  );
}

for (const [name, bytes, pattern] of [
  ['empty', Buffer.alloc(0), /^the file is empty; expected an ONNX model$/],
  ['text', Buffer.from('this is no model'), /^the file is not a complete ONNX model \(16 bytes\)/],
  ['newline', Buffer.from('x\n'), /^the file is not a complete ONNX model \(2 bytes\)/],
  ['half', WHOLE.subarray(0, WHOLE.length / 2), /^the file is not a complete ONNX model/],
] as const) {
  test(`a file that is not a model is reported as such: ${name}`, async () => {
    const file = join(root, `${name}.onnx`);
    writeFileSync(file, bytes);
    assert.match(await failure(file), pattern);
  });
}

test('a missing file and missing weights are named', async () => {
  assert.match(await failure(join(root, 'gone.onnx')), /gone\.onnx is not a file/);
  copyFileSync(join(FIELD, 'weights-beside.onnx'), join(root, 'beside.onnx'));
  assert.match(
    await failure(join(root, 'beside.onnx')),
    /weights are in separate files: 'weights\.bin' does not exist/,
  );
});

test('weights outside the folder of the model are refused before the runtime opens anything', async () => {
  const model = readFileSync(join(FIELD, 'weights-beside.onnx'), 'latin1');
  const folder = join(root, 'hostile');
  mkdirSync(folder);
  copyFileSync(join(FIELD, 'weights.bin'), join(root, 'evil.bin'));
  const file = join(folder, 'model.onnx');
  for (const location of ['../evil.bin', '/w/evil.bin', 'x/../wt.bin']) {
    writeFileSync(file, model.replace('weights.bin', location), 'latin1');
    assert.ok(
      (await failure(file)).includes(`names the weights '${location}', outside the folder of the model`),
    );
  }
  writeFileSync(file, model, 'latin1');
  symlinkSync(join(root, 'evil.bin'), join(folder, 'weights.bin'));
  assert.match(await failure(file), /names the weights 'weights\.bin', a link to .*evil\.bin, outside/);
});

for (const [file, pattern] of [
  [
    'unknown-operator',
    /cannot load the model: .*NoSuchThing.*; check that it supports the model's opset and operators/,
  ],
  ['unknown-opset', /cannot load the model: .*opset.*99/i],
] as const) {
  test(`the runtime's message for ${file} is passed on in one line without source locations`, async () => {
    const message = await failure(join(FIELD, `${file}.onnx`));
    assert.match(message, pattern);
    assert.doesNotMatch(message, /onnxruntime_src|\.cc|\.h:|::|\n/);
  });
}

for (const [device, pattern] of [
  [
    'cuda',
    /^device is 'cuda', but ONNX Runtime cannot use it: .*Failed to load shared library; make the device/,
  ],
  ['webgpu', /^device is 'webgpu', but ONNX Runtime cannot use it: .*No supported adapters; make the device/],
  [
    'dml:1',
    /^device is 'dml:1', but ONNX Runtime on this machine has only cpu, .*: make the device available/,
  ],
] as const) {
  test(`the device ${device}, which this machine does not have, is reported as such`, async (t) => {
    const message = await failure(join(FIELD, 'beside-tensor.onnx'), device);
    if (message === 'the model was opened') t.skip('this machine has the device');
    else assert.match(message, pattern);
  });
}

test('a model may run on the CPU where its device is not available', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const spec = { runtime: 'onnx', file: join(FIELD, 'beside-tensor.onnx'), threads: 1 } as const;
  const runtime = await loadOnnx({ ...spec, device: 'dml:1', cpuFallback: 'model' });
  assert.equal(runtime.metadata.device, 'cpu');
  assert.match(
    String(warn.mock.calls[0]?.arguments[0]),
    /^the model runs on the CPU: device is 'dml:1', but/,
  );
  await runtime.unload();
  const broken = { ...spec, file: join(FIELD, 'unknown-operator.onnx') };
  await assert.rejects(
    loadOnnx({ ...broken, device: 'dml:1', cpuFallback: 'model' }),
    /the runtime cannot load the model: .*NoSuchThing/,
  );
});
