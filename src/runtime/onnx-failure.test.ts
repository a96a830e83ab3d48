import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../base/errors.ts';
import { loadOnnx } from './onnx-runtime.ts';

const FIELD = fileURLToPath(new URL('../../../test/conformance/field/outputs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'galley-onnx-failure-'));
after(() => rmSync(root, { recursive: true }));
const WHOLE = readFileSync(join(FIELD, 'inner-graphs.onnx'));

async function failure(file: string, device = 'cpu'): Promise<string> {
  return loadOnnx({ runtime: 'onnx', file, threads: 1, device }).then(
    () => 'it was opened',
    (caught: unknown) => messageOf(caught),
  );
}

for (const [name, bytes, pattern] of [
  ['empty', Buffer.alloc(0), /^the file is empty; wanted an ONNX model$/],
  ['text', Buffer.from('this is no model'), /^the file is no ONNX model, or not a whole one \(16 bytes\)/],
  ['newline', Buffer.from('x\n'), /^the file is no ONNX model, or not a whole one \(2 bytes\)/],
  ['half', WHOLE.subarray(0, WHOLE.length / 2), /^the file is no ONNX model, or not a whole one/],
] as const) {
  test(`a file that is no model is told so: ${name}`, async () => {
    const file = join(root, `${name}.onnx`);
    writeFileSync(file, bytes);
    assert.match(await failure(file), pattern);
  });
}

test('a file that is gone, and weights that are, are named', async () => {
  assert.match(await failure(join(root, 'gone.onnx')), /gone\.onnx is no file/);
  copyFileSync(join(FIELD, 'weights-beside.onnx'), join(root, 'beside.onnx'));
  assert.match(
    await failure(join(root, 'beside.onnx')),
    /weights are in files beside it: 'weights\.bin' is not there/,
  );
});

for (const [file, pattern] of [
  ['unknown-operator', /cannot use the model: .*NoSuchThing.*; is it of an opset and of operators/],
  ['unknown-opset', /cannot use the model: .*opset.*99/i],
] as const) {
  test(`what the runtime says of ${file} is passed on without its inside, in one line`, async () => {
    const message = await failure(join(FIELD, `${file}.onnx`));
    assert.match(message, pattern);
    assert.doesNotMatch(message, /onnxruntime_src|\.cc|\.h:|::|\n/);
  });
}

test('a device that is not there is told as such', async () => {
  assert.match(await failure(join(FIELD, 'beside-tensor.onnx'), 'cuda'), /is the device there/);
});
