import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputsOfCall, outputsOfCall } from './call-tensors.ts';

test('the datatype follows from the array, where it is not given', () => {
  const inputs = inputsOfCall('m', {
    a: { shape: [2], data: new Float32Array([1, 2]) },
    b: { shape: [1, 2], data: ['one', 'two'] },
    c: { shape: [2], data: [1, 0.5], datatype: 'FP16' },
    d: { shape: [1], data: [true] },
    e: { shape: [], data: new BigInt64Array([3n]) },
  });
  assert.deepEqual(
    inputs.map(({ datatype }) => datatype),
    ['FP32', 'BYTES', 'FP16', 'BOOL', 'INT64'],
  );
  const { a, b, c } = outputsOfCall(inputs);
  assert.deepEqual(a?.data, new Float32Array([1, 2]));
  assert.deepEqual(
    (b?.data as Uint8Array[] | undefined)?.map((each) => Buffer.from(each).toString()),
    ['one', 'two'],
  );
  assert.deepEqual(c?.data, new Uint16Array([0x3c00, 0x3800]));
});

test('an input that is none says which and what is missing', () => {
  const one = (input: object) => () => inputsOfCall('m', { x: input as { shape: number[]; data: number[] } });
  assert.throws(one({ data: [1] }), /^TypeError: input 'x' of the call of 'm' is not \{shape, data\}$/);
  assert.throws(
    one({ shape: [1], data: [1] }),
    /is a plain array of numbers: give its datatype, or a typed array/,
  );
  assert.throws(one({ shape: [3], data: new Float32Array(2) }), /has 2 elements; its shape \[3\] requires 3/);
  assert.throws(
    one({ shape: [1], data: [1], datatype: 'FLOAT' }),
    /has datatype 'FLOAT', wanted one of BOOL/,
  );
  assert.throws(
    one({ shape: [1], data: new Float32Array(1), datatype: 'INT32' }),
    /is a Float32Array; INT32 requires a Int32Array/,
  );
});
