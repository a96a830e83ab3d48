import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Datatype } from '../../tensor/datatype.ts';
import { readJsonData, writeJsonElements } from '../../tensor/json-codec.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { readGenerateRequest, writeGenerateAnswer } from './generate-codec.ts';

const tensor = (name: string, datatype: Datatype, shape: readonly number[]) => ({ name, datatype, shape });
const TEXT = tensor('text', 'BYTES', [-1]);

function read(json: unknown, ...inputs: ReturnType<typeof tensor>[]) {
  const metadata = { platform: '', inputs, outputs: [], readsParameters: true };
  return readGenerateRequest({ model: 'm', metadata }, segmentsOf(Buffer.from(JSON.stringify(json))));
}

test('inputs are members of the request or of its parameters; the other parameters are those of the model', () => {
  const { id, inputs, parameters, timeoutMs } = read(
    { id: 'a', text: 'hello', stream: true, parameters: { temperature: 0.5, top: 3, timeout: 2000 } },
    TEXT,
    tensor('temperature', 'FP32', [1]),
  );
  assert.deepEqual([id, parameters, timeoutMs], ['a', { top: 3 }, 2]);
  assert.deepEqual(
    inputs.map((input) => writeJsonElements(input).join()),
    ['"hello"', '0.5'],
  );
});

for (const [shape, count, wanted] of [
  [[-1], 3, [3]],
  [[-1, 3], 3, [1, 3]],
  [[-1, 3], 6, [2, 3]],
  [[-1, -1], 4, [1, 4]],
  [[-1, -1, 2], 6, [1, 3, 2]],
  [[2, 2], 4, [2, 2]],
  [[], 1, []],
] as const) {
  test(`${count} values for [${shape}] have the shape [${wanted}]`, () => {
    const data = new Array<number>(count).fill(1);
    const [x] = read({ x: count === 1 ? 1 : data }, tensor('x', 'FP32', shape)).inputs;
    assert.deepEqual(x?.shape, wanted);
  });
}

for (const [json, message] of [
  [{}, /^the request has no 'text', wanted the inputs \[text\] of model 'm'$/],
  [{ text: null }, /has no 'text'/],
  [{ text: [['a']] }, /^input 'text' is nested, wanted one value or a flat list$/],
  [{ text: { a: 1 } }, /^input 'text' is nested/],
  [{ text: 1 }, /element 0 is 1, wanted a string/],
  [{ text: 'a', id: 1 }, /^'id' is 1, wanted a string$/],
  [[], /wanted a JSON object/],
] as const) {
  test(`${JSON.stringify(json)} is refused`, () => {
    assert.throws(() => read(json, TEXT), { message });
  });
}

test('a number of values that does not fit the shape is refused', () => {
  assert.throws(() => read({ x: [1, 2] }, tensor('x', 'FP32', [-1, 3])), /requires 0 elements, data has 2/);
});

test('an output of one element is written as a value, any other as a flat list', () => {
  const output = (name: string, datatype: Datatype, shape: number[], data: unknown[]) => ({
    ...tensor(name, datatype, shape),
    data: readJsonData(name, datatype, shape, data),
  });
  const outputs = [
    output('one', 'BYTES', [1, 1], ['a "word"']),
    output('two', 'INT64', [1, 2], [1, 2]),
    output('none', 'FP32', [0], []),
  ];
  assert.equal(
    writeGenerateAnswer({ id: '', model: 'm', version: '2' }, outputs).toString(),
    '{"model_name":"m","model_version":"2","one":"a \\"word\\"","two":[1,2],"none":[]}',
  );
});
