import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { decodeBytesElements, encodeBytesElements } from '../../tensor/bytes-elements.ts';
import type { Datatype } from '../../tensor/datatype.ts';
import { parseExactJson } from '../../tensor/exact-json.ts';
import { readJsonData } from '../../tensor/json-codec.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { readPredictRequest, writePredictAnswer } from './simple-codec.ts';

function read(text: string, inputs: readonly TensorMetadata[], hasBatchAxis = true) {
  const metadata = { platform: '', inputs, outputs: inputs, readsParameters: true };
  return readPredictRequest({ model: 'm', metadata }, hasBatchAxis, segmentsOf(Buffer.from(text)));
}

const named = (name: string, datatype: Datatype, shape: number[]) => ({ name, datatype, shape });
const x = (...row: number[]) => [named('x', 'FP32', [-1, ...row])];
const numbers = ({ shape, datatype, data }: Tensor) => [shape, [...typedArrayOf(datatype, data)]];

function tensor(name: string, datatype: Datatype, shape: number[], data: unknown[]): Tensor {
  return { name, datatype, shape, data: readJsonData(name, datatype, shape, data) };
}

test('an instance of another length than the others is refused and never shifts into the next row', () => {
  for (const [text, row, words] of [
    ['[[1,2,3],[4,5,6,7],[8,9]]', [3], /instance 1 has shape \[4\], wanted \[3\]/],
    ['[[1,2,3],[4,5],[6,7,8,9]]', [-1], /instance 1 has shape \[2\], wanted \[3\] as instance 0 has/],
    ['[[[1,2],[3]],[[1,2],[3,4]]]', [2, 2], /instance 0: value\[1\] has length 1, wanted 2/],
    ['[[[1,2],3,4]]', [2, 2], /instance 0: value\[1\] is not a list/],
    ['[[1,2,[3,4]]]', [4], /instance 0: value\[2\] is a list/],
    ['[[[1,2],[3,4],[5,6]]]', [2, 3], /has shape \[3,2\], wanted \[2,3\]/],
  ] as const) {
    assert.throws(() => read(`{"instances":${text}}`, x(...row)), words, text);
  }
});

test('an instance may be flat where the model has a nested shape, and nested where the model has a flat one', () => {
  const wanted = [
    [2, 2, 2],
    [1, 2, 3, 4, 1, 2, 3, 4],
  ];
  const { request } = read('{"instances":[[1,2,3,4],[[1,2],[3,4]]]}', x(2, 2));
  assert.deepEqual(request.inputs.map(numbers), [wanted]);
  const flat = read('{"instances":[[[1,2],[3,4]],[1,2,3,4]]}', x(4));
  assert.deepEqual(flat.request.inputs.map(numbers), [[[2, 4], wanted[1]]]);
  const withOne = read('{"instances":[[[1,2],[3,4]]]}', x(1, 2, 2));
  assert.deepEqual(withOne.request.inputs[0]?.shape, [1, 1, 2, 2]);
});

test('null counts as absent, and parameters are the same as in the tensor form', () => {
  const { request, layout } = read(
    '{"instances":[[1]],"inputs":null,"signature_name":null,"parameters":{"timeout":1500,"priority":2,"mine":{"a":[1]}}}',
    x(1),
  );
  assert.deepEqual(layout, { by: 'row', rows: 1 });
  assert.deepEqual([request.timeoutMs, request.priority, request.parameters], [1.5, 2, { mine: { a: [1] } }]);
  assert.deepEqual(read('{"instances":[1],"parameters":null}', x(1)).request.parameters, {});
  assert.throws(() => read('{"instances":null,"inputs":null}', x(1)), /wanted \{"instances": \[...\]\}/);
  assert.throws(() => read('{"instances":[[1]],"inputs":[[1]]}', x(1)), /got both "instances" and "inputs"/);
  const two = [...x(1), named('y', 'BOOL', [-1])];
  assert.throws(() => read('{"instances":[{"x":[1],"y":null}]}', two), /instance 0 has no 'y'/);
});

test('whole inputs, by name or as the only input, get whole outputs', () => {
  const two = [...x(2), named('flag', 'BOOL', [-1])];
  const byName = read('{"inputs":{"x":[[1,2],[3,4]],"flag":[true,false]}}', two);
  assert.deepEqual(byName.request.inputs.map(numbers), [
    [
      [2, 2],
      [1, 2, 3, 4],
    ],
    [[2], [1, 0]],
  ]);
  assert.equal(
    writePredictAnswer(byName.request.inputs, true, byName.layout).toString(),
    '{"outputs":{"x":[[1,2],[3,4]],"flag":[true,false]}}',
  );
  const alone = read('{"inputs":[[1,2],[3,4]]}', x(2));
  assert.equal(
    writePredictAnswer(alone.request.inputs, true, alone.layout).toString(),
    '{"outputs":[[1,2],[3,4]]}',
  );
  assert.throws(() => read('{"inputs":{"x":[[1,2]]}}', two), /"inputs" has no 'flag'/);
  assert.throws(() => read('{"inputs":[[1,2]]}', two), /"inputs" is an array, wanted an object/);
  assert.throws(() => read('{"inputs":[[1,2],[3]]}', x(2)), /value\[1\] has length 1/);
});

test('base64 bytes are accepted in place of any text, and written for outputs that are not text', () => {
  const s = [named('s', 'BYTES', [-1])];
  const texts = (text: string, inputs: readonly TensorMetadata[] = s) =>
    read(text, inputs).request.inputs.map(({ data }) =>
      decodeBytesElements(data).map((element) => Buffer.from(element).toString('latin1')),
    );
  const b64 = '{"b64":"/9j/"}';
  assert.deepEqual(texts(`{"instances":[${b64},"a",{"s":${b64}},{"s":"b"}]}`), [
    ['\xff\xd8\xff', 'a', '\xff\xd8\xff', 'b'],
  ]);
  assert.deepEqual(texts(`{"instances":[[${b64},"a"]]}`, [named('s', 'BYTES', [-1, 2])]), [
    ['\xff\xd8\xff', 'a'],
  ]);
  assert.deepEqual(texts(`{"inputs":[${b64}]}`), [['\xff\xd8\xff']]);
  assert.deepEqual(texts(`{"inputs":{"s":[${b64}]}}`), [['\xff\xd8\xff']]);
  assert.deepEqual(texts('{"instances":[{"b64":"text"}]}', [named('b64', 'BYTES', [-1])]), [['text']]);
  assert.throws(() => texts('{"instances":[{"b64":"???"}]}'), /b64 is '\?\?\?', wanted base64/);
  assert.throws(() => texts('{"instances":[{"b64":"/9j/A"}]}'), /b64 is '\/9j\/A', wanted base64/);
  assert.throws(() => read(`{"instances":[${b64}]}`, x()), /element 0 is an object, wanted a number/);
  const bytes = {
    ...s[0],
    shape: [2],
    data: encodeBytesElements([Uint8Array.of(0xff, 0xd8), Buffer.from('a')]),
  };
  assert.equal(
    writePredictAnswer([bytes as Tensor], true, { by: 'row', rows: 2 }).toString(),
    '{"predictions":[{"b64":"/9g="},"a"]}',
  );
});

test('outputs are written whole when one has another number of rows than instances', () => {
  const kept = tensor('kept', 'FP32', [1, 2], [1, 2]);
  const count = tensor('count', 'INT64', [2], [3, 4]);
  const layout = { by: 'row', rows: 2 } as const;
  assert.equal(writePredictAnswer([kept], true, layout).toString(), '{"predictions":{"kept":[[1,2]]}}');
  assert.equal(
    writePredictAnswer([kept, count], true, layout).toString(),
    '{"predictions":{"kept":[[1,2]],"count":[3,4]}}',
  );
  const scalar = tensor('sum', 'FP32', [], [1]);
  assert.equal(writePredictAnswer([scalar], true, layout).toString(), '{"predictions":{"sum":1}}');
});

test('16-bit floats are numbers in the simple form', () => {
  const { request, layout } = read('{"instances":[[1.5,-0.0]]}', [named('h', 'FP16', [-1, 2])]);
  assert.deepEqual(numbers(request.inputs[0] as Tensor), [
    [1, 2],
    [0x3e00, 0x8000],
  ]);
  const text = writePredictAnswer(request.inputs, true, layout).toString();
  assert.equal(text, '{"predictions":[[1.5,-0.0]]}');
  assert.ok(Object.is((parseExactJson(text) as { predictions: number[][] }).predictions[0]?.[1], -0));
});
