import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { artefactOf, filesOf } from './artefact.ts';

const FIELD = fileURLToPath(new URL('../../../test/conformance/field/outputs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'galley-artefact-'));
after(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const model = join(folder, 'model.mjs');

beforeEach(() => {
  mkdirSync(join(folder, 'parts/more'), { recursive: true });
  write(
    'model.mjs',
    `import { defineModel } from 'galley';\nimport { net } from './parts/net.mjs';\nimport './setup.js';`,
  );
  write('setup.js', `export * from "./parts/net.mjs"`);
  write(
    'parts/net.mjs',
    `import words from '../words.json' with { type: 'json' };\nconst late = await import('./more/late.mjs?v=1');`,
  );
  write('parts/more/late.mjs', `import '../../model.mjs'; import './missing.mjs'; import '..';`);
  write('words.json', '["a"]');
  write('log.txt', '');
});

test('the files of a module are those that it imports by a relative path, at any depth', () => {
  const found = filesOf('module', model).map((file) => relative(folder, file));
  assert.equal(found[0], 'model.mjs');
  assert.deepEqual(found.toSorted(), [
    'model.mjs',
    'parts/more/late.mjs',
    'parts/net.mjs',
    'setup.js',
    'words.json',
  ]);
});

test('another import or other contents of an imported file make another artefact', () => {
  const before = artefactOf('module', model);
  write('log.txt', 'a file that the module writes');
  assert.equal(artefactOf('module', model), before);
  write('words.json', '["b"]');
  assert.notEqual(artefactOf('module', model), before);
  write('words.json', '["a"]');
  assert.equal(artefactOf('module', model), before);
  write('parts/more/missing.mjs', '');
  writeFileSync(
    join(folder, 'parts/more/late.mjs'),
    `import '../../model.mjs'; import './missing.mjs'; import '..';`,
  );
  assert.equal(filesOf('module', model).length, 6);
});

test('weights that are missing or not a file are refused, because reading a pipe could block for ever', () => {
  const file = join(folder, 'model.onnx');
  copyFileSync(join(FIELD, 'weights-beside.onnx'), file);
  assert.throws(() => artefactOf('onnx', file), /weights\.bin does not exist/);
  mkdirSync(join(folder, 'weights.bin'));
  assert.throws(() => artefactOf('onnx', file), /weights\.bin is not a file/);
});

test('a hub model is its JSON files and its weights, whatever lies beside them', () => {
  mkdirSync(join(folder, 'hub/onnx'), { recursive: true });
  mkdirSync(join(folder, 'hub/more.json'));
  for (const name of ['config.json', 'tokenizer.json', 'README.md', 'model.yaml', 'onnx/model.onnx']) {
    write(`hub/${name}`, name);
  }
  const config = join(folder, 'hub/config.json');
  assert.deepEqual(
    filesOf('transformers', config).map((file) => relative(folder, file)),
    ['hub/config.json', 'hub/onnx/model.onnx', 'hub/tokenizer.json'],
  );
  const before = artefactOf('transformers', config);
  write('hub/README.md', 'changed');
  assert.equal(artefactOf('transformers', config), before);
  write('hub/onnx/model.onnx', 'changed');
  assert.notEqual(artefactOf('transformers', config), before);
});

test('an import of a JavaScript file that is not there is one of the TypeScript file', () => {
  write(
    'model.ts',
    `import { net } from './net.js';\nimport type { Word } from './word.mjs';\nimport './plain.js';`,
  );
  write('net.ts', '');
  write('word.mts', '');
  write('plain.js', '');
  write('plain.ts', '');
  const found = filesOf('module', join(folder, 'model.ts')).map((file) => relative(folder, file));
  assert.deepEqual(found.toSorted(), ['model.ts', 'net.ts', 'plain.js', 'word.mts']);
});
