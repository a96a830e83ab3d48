import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockText } from './lock.ts';
import { lockedFiles, lockPath } from './locked-files.ts';
import { filesOfVersion, sealOf, type VersionPlace } from './version-files.ts';

const FIELD = fileURLToPath(new URL('../../../test/conformance/field/outputs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'galley-locked-'));
after(() => rmSync(root, { recursive: true }));
const LOCK = join(root, 'galley.lock');
const FOLDER = join(root, 'models/m/1');
const whole: VersionPlace = { runtime: 'onnx', file: join(FOLDER, 'model.onnx'), folder: FOLDER };
const module: VersionPlace = { runtime: 'module', file: join(FOLDER, 'model.mjs'), folder: FOLDER };

beforeEach(() => {
  rmSync(join(root, 'models'), { recursive: true, force: true });
  mkdirSync(join(FOLDER, 'parts'), { recursive: true });
  mkdirSync(join(root, 'models/shared'));
  copyFileSync(join(FIELD, 'beside-tensor.onnx'), join(FOLDER, 'model.onnx'));
  writeFileSync(join(FOLDER, 'model.mjs'), `import '../../shared/words.mjs';`);
  writeFileSync(join(root, 'models/shared/words.mjs'), '');
  writeFileSync(join(FOLDER, 'parts/labels.txt'), 'cat\n');
  writeFileSync(join(root, 'models/m/model.yaml'), 'timeoutMs: 1000\n');
  writeLock(module);
});

function writeLock(place: VersionPlace): void {
  const files = filesOfVersion(place).map((path) => [lockPath(LOCK, path), sealOf(path).sha256] as const);
  writeFileSync(LOCK, lockText(new Map(files)));
}

test('a lock covers the folder of the version, imports from elsewhere and the settings of the model', () => {
  assert.deepEqual(
    filesOfVersion(module)
      .map((path) => lockPath(LOCK, path))
      .sort(),
    [
      'models/m/1/model.mjs',
      'models/m/1/model.onnx',
      'models/m/1/parts/labels.txt',
      'models/m/model.yaml',
      'models/shared/words.mjs',
    ],
  );
  const alone: VersionPlace = { runtime: 'onnx', file: whole.file };
  assert.deepEqual(filesOfVersion(alone), [whole.file]);
});

test('sha256sum accepts a lock', () => {
  const checked = execFileSync('sha256sum', ['--check', '--strict', LOCK], { cwd: root, encoding: 'utf8' });
  assert.equal(checked.match(/: OK/g)?.length, 5);
});

test('files as listed are accepted, and the contents of an ONNX file are what was hashed', () => {
  const { bytes, assertSame } = lockedFiles(LOCK, whole);
  const hash = createHash('sha256')
    .update(bytes ?? Buffer.alloc(0))
    .digest('hex');
  assert.equal(hash, sealOf(whole.file).sha256);
  assertSame();
  assert.equal(lockedFiles(LOCK, module).bytes, undefined);
});

for (const [what, change, pattern] of [
  [
    'a changed byte',
    () => appendFileSync(join(FOLDER, 'model.onnx'), '\0'),
    /not those of .*galley\.lock: models\/m\/1\/model\.onnx has the SHA-256 [0-9a-f]{64}, wanted [0-9a-f]{64}; restore them, or run galley lock/,
  ],
  [
    'an unlisted file',
    () => writeFileSync(join(FOLDER, 'parts/evil.mjs'), ''),
    /models\/m\/1\/parts\/evil\.mjs is not listed;/,
  ],
  [
    'a missing file',
    () => rmSync(join(FOLDER, 'parts/labels.txt')),
    /models\/m\/1\/parts\/labels\.txt is listed but does not exist/,
  ],
  [
    'a changed import',
    () => writeFileSync(join(root, 'models/shared/words.mjs'), 'evil()'),
    /models\/shared\/words\.mjs has the SHA-256/,
  ],
  [
    'changed settings',
    () => writeFileSync(join(root, 'models/m/model.yaml'), 'timeoutMs: 2000\n'),
    /models\/m\/model\.yaml has/,
  ],
  [
    'removed settings',
    () => rmSync(join(root, 'models/m/model.yaml')),
    /models\/m\/model\.yaml is listed but/,
  ],
  [
    'added settings',
    () => writeFileSync(join(root, 'models/m/config.pbtxt'), ''),
    /models\/m\/config\.pbtxt is not listed/,
  ],
  [
    'many unlisted files',
    () => {
      for (let index = 0; index < 9; index += 1) writeFileSync(join(FOLDER, `${index}.txt`), '');
    },
    /4\.txt is not listed; … 9 files in all; restore/,
  ],
] as const) {
  test(`${what} is refused`, () => {
    change();
    assert.throws(() => lockedFiles(LOCK, module), { message: pattern });
  });
}

test('a file that is replaced after it was hashed is noticed, even by one of the same bytes, time and size', () => {
  const { assertSame } = lockedFiles(LOCK, module);
  copyFileSync(module.file, join(root, 'copy'));
  execFileSync('touch', ['-r', module.file, join(root, 'copy')]);
  renameSync(join(root, 'copy'), module.file);
  assert.throws(assertSame, /model\.mjs was replaced during loading/);
});

test('another version or model does not count, and one that is not listed is refused', () => {
  mkdirSync(join(root, 'models/m/2'));
  copyFileSync(whole.file, join(root, 'models/m/2/model.onnx'));
  lockedFiles(LOCK, module);
  const folder = join(root, 'models/m/2');
  assert.throws(() => lockedFiles(LOCK, { runtime: 'onnx', file: join(folder, 'model.onnx'), folder }), {
    message: /models\/m\/2\/model\.onnx is not listed/,
  });
});

test('weights in a separate file are compared too, and then opened by the runtime', () => {
  copyFileSync(join(FIELD, 'weights-beside.onnx'), whole.file);
  copyFileSync(join(FIELD, 'weights.bin'), join(FOLDER, 'weights.bin'));
  const alone: VersionPlace = { runtime: 'onnx', file: whole.file };
  writeLock(alone);
  assert.equal(lockedFiles(LOCK, alone).bytes, undefined);
  appendFileSync(join(FOLDER, 'weights.bin'), '\0');
  assert.throws(() => lockedFiles(LOCK, alone), /weights\.bin has the SHA-256/);
});

test('links in a folder end, and hidden folders of a volume are not listed twice', () => {
  symlinkSync('..', join(FOLDER, 'parts/again'));
  symlinkSync('parts', join(FOLDER, '..data'));
  assert.equal(filesOfVersion(module).length, 5);
});

test('a pipe is refused instead of read', () => {
  execFileSync('mkfifo', [join(FOLDER, 'pipe')]);
  assert.throws(() => lockedFiles(LOCK, module), /pipe is neither a file nor a folder/);
});
