import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { readOnnxFile } from './onnx-file.ts';
import { bytesField, numberField } from './protobuf.ts';
import { withoutZipMaps } from './zip-map.ts';

const FIELD = fileURLToPath(new URL('../../../test/conformance/field', import.meta.url));
const DIGITS = fileURLToPath(new URL('../../../examples/models/digits', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'galley-onnx-'));
after(() => rmSync(root, { recursive: true }));

function written(name: string, bytes: Uint8Array): string {
  const file = join(root, name);
  writeFileSync(file, bytes);
  return file;
}

test('operators, types of outputs and ZipMap nodes are read from a file', () => {
  const file = readOnnxFile(join(FIELD, 'zipmap/text.onnx'));
  assert.ok(file !== undefined);
  assert.ok(file.opTypes.has('ai.onnx.ml:ZipMap'));
  assert.ok(file.opTypes.has('ai.onnx.ml:LinearClassifier'));
  assert.ok([...file.opTypes].some((type) => !type.includes(':')));
  assert.deepEqual(
    file.outputs.map(({ kind }) => kind),
    ['tensor', 'sequence'],
  );
  assert.deepEqual(
    file.zipMaps.map(({ output, classes }) => [output, classes]),
    [['output_probability', ['setosa', 'versicolor', 'virginica']]],
  );
  assert.deepEqual(file.externalFiles, []);
});

test('class labels may be negative', () => {
  assert.deepEqual(readOnnxFile(join(FIELD, 'zipmap/minus.onnx'))?.zipMaps[0]?.classes, ['-1', '1']);
});

test('external weight files and subgraphs are found', () => {
  assert.deepEqual(readOnnxFile(join(FIELD, 'outputs/weights-beside.onnx'))?.externalFiles, ['weights.bin']);
  const inner = readOnnxFile(join(FIELD, 'outputs/inner-graphs.onnx'));
  assert.deepEqual([...(inner?.opTypes ?? [])].sort(), ['Abs', 'Constant', 'If', 'Mul']);
  assert.deepEqual(inner?.externalFiles, ['inner.bin']);
});

test('a model without ZipMap nodes is returned unchanged', () => {
  const path = join(FIELD, 'outputs/inner-graphs.onnx');
  assert.deepEqual(readOnnxFile(path)?.zipMaps, []);
  assert.deepEqual(Buffer.from(withoutZipMaps(readFileSync(path))), readFileSync(path));
});

test('without its ZipMap nodes a model returns the tensor', () => {
  for (const name of ['logreg_iris', 'model', 'text', 'forest', 'minus']) {
    const path = join(FIELD, 'zipmap', `${name}.onnx`);
    const before = readOnnxFile(path);
    const changed = readOnnxFile(written(`${name}.onnx`, withoutZipMaps(readFileSync(path))));
    assert.ok(before !== undefined && changed !== undefined);
    assert.deepEqual(
      changed.outputs.map(({ name, kind }) => [name, kind]),
      before.outputs.map(({ name }) => [name, 'tensor']),
    );
    assert.ok(changed.opTypes.has('Identity') && !changed.opTypes.has('ai.onnx.ml:ZipMap'));
    assert.deepEqual(changed.zipMaps, []);
  }
});

test('a ZipMap whose dictionaries another node reads is kept', () => {
  const node = (opType: string, input: string, output: string, domain: string, ...more: Uint8Array[]) =>
    bytesField(
      1,
      bytesField(1, Buffer.from(input)),
      bytesField(2, Buffer.from(output)),
      bytesField(4, Buffer.from(opType)),
      ...more,
      bytesField(7, Buffer.from(domain)),
    );
  const labels = bytesField(5, numberField(8, 0), numberField(8, 1));
  const output = (name: string) => bytesField(12, bytesField(1, Buffer.from(name)));
  const graph = bytesField(
    7,
    node('ZipMap', 'p', 'maps', 'ai.onnx.ml', labels),
    node('DictVectorizer', 'maps', 'y', 'ai.onnx.ml'),
    ...['maps', 'y'].map(output),
  );
  assert.deepEqual(readOnnxFile(written('used.onnx', graph))?.zipMaps, []);
  const alone = bytesField(7, node('ZipMap', 'p', 'maps', 'ai.onnx.ml', labels), output('maps'));
  assert.deepEqual(readOnnxFile(written('alone.onnx', alone))?.zipMaps[0]?.classes, ['0', '1']);
});

test('weights of gigabytes are skipped', () => {
  const [graphTag, initializerTag, rawTag] = [7 * 8 + 2, 5 * 8 + 2, 9 * 8 + 2];
  const length = (value: number) => numberField(0, value).subarray(1);
  const weights = 3 * 1024 ** 3;
  const raw = Buffer.concat([Buffer.from([rawTag]), length(weights)]);
  const initializer = Buffer.concat([Buffer.from([initializerTag]), length(raw.length + weights), raw]);
  const output = bytesField(12, bytesField(1, Buffer.from('y')));
  const graph = Buffer.concat([
    Buffer.from([graphTag]),
    length(initializer.length + weights + output.length),
    initializer,
  ]);
  const file = join(root, 'large.onnx');
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, graph, 0, graph.length, 0);
  // A sparse file takes no space on the disk.
  ftruncateSync(descriptor, graph.length + weights);
  writeSync(descriptor, output, 0, output.length, graph.length + weights);
  closeSync(descriptor);
  const startedAt = performance.now();
  assert.deepEqual(readOnnxFile(file)?.outputs, [{ name: 'y', kind: 'of no known kind' }]);
  assert.ok(performance.now() - startedAt < 500, `${performance.now() - startedAt} ms`);
});

test('a file that cannot be read as ONNX gives undefined', () => {
  for (const [name, bytes] of [
    ['text.onnx', Buffer.from('this is no model')],
    ['empty.onnx', Buffer.alloc(0)],
    ['no-graph.onnx', numberField(1, 8)],
    ['cut.onnx', readFileSync(join(DIGITS, '1/model.onnx')).subarray(0, 1000)],
  ] as const) {
    assert.equal(readOnnxFile(written(name, bytes)), undefined, name);
  }
  assert.equal(readOnnxFile(join(root, 'absent.onnx')), undefined);
  assert.equal(readOnnxFile(root), undefined);
});

test('no bytes cause an exception', () => {
  const model = readFileSync(join(FIELD, 'zipmap/text.onnx'));
  const damage = fc.array(fc.tuple(fc.nat(model.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), damage), (given) => {
      const bytes = given instanceof Uint8Array ? given : Buffer.from(model);
      if (!(given instanceof Uint8Array)) for (const [at, byte] of given) bytes[at] = byte;
      readOnnxFile(written('any.onnx', bytes));
    }),
  );
});
