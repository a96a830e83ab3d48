import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { findModel } from '../model-repository.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-triton-folder-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** The model in a folder `m` of these files; a name that ends with / is a folder. */
function model(files: Readonly<Record<string, string>>) {
  const folder = join(root, String(folders++), 'm');
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, text);
  }
  const found = findModel('m', folder);
  const short = (text: string) => text.replaceAll(`${folder}/`, '');
  return found.kind === 'broken'
    ? { reason: short(found.reason) }
    : {
        versions: found.versions.map(({ version, runtime, file }) => `${version} ${runtime} ${short(file)}`),
        unusable: found.unusable.map(({ reason }) => short(reason)),
        notes: found.config?.notes.map(short),
        settings: found.config?.settings,
      };
}

test('versions are folders whose numbers do not begin with 0; others are ignored', () => {
  const { versions, notes, settings } = model({
    'config.pbtxt': 'name: "m" max_batch_size: 1',
    '1/model.onnx': '',
    '10/model.onnx': '',
    '02/model.onnx': '',
    'warmup/model.onnx': '',
  });
  assert.deepEqual(versions, ['1 onnx 1/model.onnx', '10 onnx 10/model.onnx']);
  assert.deepEqual(notes, ['02 is skipped: a version does not begin with 0']);
  assert.equal(settings?.batchAxis, 'first');
});

test('the file is the one that the configuration names, or that is there', () => {
  const named = model({
    'config.pbtxt': 'default_model_filename: "a.onnx"',
    '1/a.onnx': '',
    '2/model.onnx': '',
  });
  assert.deepEqual(named.versions, ['1 onnx 1/a.onnx']);
  assert.deepEqual(named.unusable, ['2 contains model.onnx, wanted a.onnx']);
  const module = model({ 'config.pbtxt': 'default_model_filename: "a.mjs"', '1/a.mjs': '' });
  assert.deepEqual(module.versions, ['1 module 1/a.mjs']);
  const typed = model({ 'config.pbtxt': 'backend: "galley" default_model_filename: "a.ts"', '1/a.ts': '' });
  assert.deepEqual(typed.versions, ['1 module 1/a.ts']);
  assert.deepEqual(model({ 'config.pbtxt': '', '1/model.js': '' }).versions, ['1 module 1/model.js']);
});

test('a model with external data may be a folder of the name of its file', () => {
  const { versions } = model({
    'config.pbtxt': '',
    '1/model.onnx/model.onnx': '',
    '1/model.onnx/weights': '',
  });
  assert.deepEqual(versions, ['1 onnx 1/model.onnx/model.onnx']);
});

test('versions of an ensemble need no file', () => {
  const { versions } = model({
    'config.pbtxt': `platform: "ensemble" input { name: "x" data_type: TYPE_FP32 dims: 1 }
      output { name: "y" data_type: TYPE_FP32 dims: 1 }
      ensemble_scheduling { step { model_name: "a" model_version: -1
        input_map { key: "x" value: "x" } output_map { key: "y" value: "y" } } }`,
    '1/': '',
    '2/.keep': '',
  });
  assert.deepEqual(versions, ['1 pipeline config.pbtxt', '2 pipeline config.pbtxt']);
});

test('a model is broken with the place of each problem', () => {
  const { reason } = model({ 'config.pbtxt': 'name: "n"\nmax_batch_size: -1', '1/model.onnx': '' });
  assert.equal(
    reason,
    "config.pbtxt: line 1, column 7: 'name' is 'n', wanted 'm', the name of the model's folder, or nothing; " +
      "config.pbtxt: line 2, column 17: 'max_batch_size' is -1, wanted at least 0",
  );
});

test('a reason names at most 20 problems, and a configuration has at most 1 MiB', () => {
  const { reason } = model({ 'config.pbtxt': 'x: 1\n'.repeat(23), '1/model.onnx': '' });
  assert.match(String(reason), /line 20, column 1: unknown field 'x'.*; … 3 more$/);
  const large = model({ 'config.pbtxt': '#'.repeat(1024 * 1024 + 1), '1/model.onnx': '' });
  assert.match(String(large.reason), /config\.pbtxt has more than 1048576 bytes/);
});

test('a model has one settings file, which can be read', () => {
  assert.match(
    String(model({ 'config.pbtxt': '', 'model.yaml': '', '1/model.onnx': '' }).reason),
    /found both model\.yaml and config\.pbtxt, wanted one settings file/,
  );
  assert.match(
    String(model({ 'config.pbtxt/': '', '1/model.onnx': '' }).reason),
    /config\.pbtxt is not a file/,
  );
});
