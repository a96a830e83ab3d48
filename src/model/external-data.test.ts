import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { externalPaths, leavesFolder } from './external-data.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'galley-external-')));
after(() => rmSync(root, { recursive: true }));

function put(...parts: string[]): string {
  const path = join(root, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
}

for (const [location, isOut] of [
  ['weights.bin', false],
  ['parts/weights.bin', false],
  ['..weights', false],
  ['a..b/w', false],
  ['../weights.bin', true],
  ['parts/../weights.bin', true],
  ['parts\\..\\..\\weights.bin', true],
  ['..', true],
  ['/etc/passwd', true],
  ['C:\\weights.bin', true],
  ['\\\\host\\share\\weights.bin', true],
] as const) {
  test(`the location '${location}' ${isOut ? 'is refused' : 'stays in the folder'}`, () => {
    assert.equal(leavesFolder(location), isOut);
    const paths = () => externalPaths(join(root, 'nothing/model.onnx'), [location]);
    if (isOut) assert.throws(paths, /names the weights '.*', outside the folder of the model, wanted/);
    else assert.deepEqual(paths(), [join(root, 'nothing', location)]);
  });
}

test('a link out of the folder is refused, whether it is the file or a folder on the way', () => {
  const secret = put('elsewhere/secret.bin');
  const model = put('linked/model.onnx');
  symlinkSync(secret, join(root, 'linked/weights.bin'));
  symlinkSync(dirname(secret), join(root, 'linked/parts'));
  for (const location of ['weights.bin', 'parts/secret.bin']) {
    assert.throws(() => externalPaths(model, [location]), {
      message: new RegExp(`names the weights '${location}', a link to ${secret}, outside the folder`),
    });
  }
});

test('a sibling folder with the same beginning is outside', () => {
  const near = put('model-2/weights.bin');
  const model = put('model/model.onnx');
  symlinkSync(near, join(root, 'model/weights.bin'));
  assert.throws(() => externalPaths(model, ['weights.bin']), /outside the folder/);
});

test('the links of a Kubernetes volume lead inside it: of files, and of a folder of models', () => {
  put('volume/..2026/model.onnx');
  put('volume/..2026/weights.bin');
  symlinkSync('..2026', join(root, 'volume/..data'));
  for (const name of ['model.onnx', 'weights.bin']) {
    symlinkSync(join('..data', name), join(root, 'volume', name));
  }
  assert.equal(externalPaths(join(root, 'volume/model.onnx'), ['weights.bin']).length, 1);
  put('models/..2026/digits/1/model.onnx');
  put('models/..2026/digits/1/weights.bin');
  symlinkSync('..2026', join(root, 'models/..data'));
  symlinkSync('..data/digits', join(root, 'models/digits'));
  assert.equal(externalPaths(join(root, 'models/digits/1/model.onnx'), ['weights.bin']).length, 1);
});

test('weights may lie beside the file that the model file links to', () => {
  put('cache/blobs/a1');
  put('cache/blobs/b2');
  mkdirSync(join(root, 'cache/snapshot'));
  symlinkSync('../blobs/a1', join(root, 'cache/snapshot/model.onnx'));
  symlinkSync('../blobs/b2', join(root, 'cache/snapshot/weights.bin'));
  assert.equal(externalPaths(join(root, 'cache/snapshot/model.onnx'), ['weights.bin']).length, 1);
});
