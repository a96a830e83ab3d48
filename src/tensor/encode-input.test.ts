import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DATATYPE_NAMES, DATATYPES, type Datatype } from './datatype.ts';
import { encodeInput, type InputData } from './encode-input.ts';
import { flatten } from './segments.ts';
import { allocateArray, bytesOf, typedArrayOf } from './tensor.ts';

function sent(datatype: Datatype, data: InputData): unknown[] {
  return Array.from(typedArrayOf(datatype, encodeInput('x', datatype, data)) as Float64Array);
}

for (const [what, datatype, data, wanted] of [
  ['Int32Array for FP32', 'FP32', Int32Array.of(1, -2), [1, -2]],
  ['Float64Array for FP32, rounded', 'FP32', Float64Array.of(0.1), [Math.fround(0.1)]],
  ['BigInt64Array for FP64', 'FP64', BigInt64Array.of(5n), [5]],
  ['plain numbers for FP16', 'FP16', [1.5, 2, -0], [0x3e00, 0x4000, 0x8000]],
  ['Float32Array for FP16', 'FP16', Float32Array.of(1.5), [0x3e00]],
  ['Uint16Array for FP16, which is bit patterns', 'FP16', Uint16Array.of(1, 0x3e00), [1, 0x3e00]],
  ['Uint16Array for BF16, which is bit patterns', 'BF16', Uint16Array.of(0x3fc0), [0x3fc0]],
  ['Uint8Array for FP16, which is numbers', 'FP16', Uint8Array.of(1), [0x3c00]],
  ['a plain number for INT64', 'INT64', [5, -(2 ** 53) + 1], [5n, -9007199254740991n]],
  ['Int32Array for INT64', 'INT64', Int32Array.of(-5), [-5n]],
  ['a BigInt for INT32', 'INT32', [5n], [5]],
  ['Float32Array of whole numbers for UINT8', 'UINT8', Float32Array.of(0, 255), [0, 255]],
  ['booleans for BOOL', 'BOOL', [true, false], [1, 0]],
  ['0 and 1 for BOOL', 'BOOL', Uint8Array.of(0, 1), [0, 1]],
  ['NaN and infinities for FP32', 'FP32', [Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY]],
] as const) {
  test(`${what} is sent with the given numbers`, () => {
    assert.deepEqual(sent(datatype, data), wanted);
  });
}

for (const [datatype, data, words] of [
  ['UINT8', [1, 300], /^input 'x': element 1 is 300, wanted a whole number from 0 to 255 \(UINT8\)$/],
  ['UINT8', [1.7], /element 0 is 1.7/],
  ['UINT8', Int8Array.of(-1), /element 0 is -1/],
  ['INT32', Float32Array.of(Number.NaN), /element 0 is NaN/],
  ['INT32', [2n ** 31n], /element 0 is 2147483648/],
  ['INT64', [2 ** 60], /element 0 is 1152921504606847000.* with all its digits/],
  ['INT64', Float64Array.of(0.5), /element 0 is 0.5/],
  ['UINT64', [-1], /element 0 is -1/],
  ['FP32', Float64Array.of(1, 1e39), /element 1 is 1e\+39, wanted a number within the range of FP32/],
  ['FP16', [70000], /element 0 is 70000, wanted a number within the range of FP16/],
  ['BOOL', Uint8Array.of(2), /element 0 is 2, wanted true or false/],
  ['FP32', ['1'], /element 0 is "1"/],
  ['FP32', [undefined], /element 0 is undefined/],
  ['BYTES', [1], /element 0 is 1, wanted a text or a Uint8Array/],
  ['BYTES', ['\udc00'], /element 0 is "\\udc00", wanted a string without lone surrogates/],
  ['BYTES', Float32Array.of(1), /data is a Float32Array, wanted texts or bytes/],
  ['FP32', 'text', /data is string, wanted a typed array or an array/],
  ['FP32', null, /data is null/],
] as const) {
  test(`${datatype} is refused before it is sent: ${words.source}`, () => {
    assert.throws(() => encodeInput('x', datatype, data as never), { name: 'RangeError', message: words });
  });
}

test('an array of the type of the datatype is sent unchanged, at any offset of its buffer', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...DATATYPE_NAMES.filter((name) => name !== 'BOOL')),
      fc.uint8Array({ minLength: 8, maxLength: 64 }),
      (datatype, bytes) => {
        const width = Math.max(1, DATATYPES[datatype].bytes);
        const Own = allocateArray(datatype, 0).constructor as new (...from: unknown[]) => Uint8Array;
        const count = Math.floor(bytes.byteLength / width) - 1;
        const array = new Own(bytes.buffer, width, count);
        assert.deepEqual(flatten(encodeInput('x', datatype, array)), flatten(bytesOf(array)));
      },
    ),
  );
});

test('the numbers of any typed array arrive exactly, or it is refused', () => {
  const numeric = DATATYPE_NAMES.filter(
    (name) => DATATYPES[name].kind === 'integer' || DATATYPES[name].kind === 'bigint',
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...numeric),
      fc.oneof(
        fc.int8Array(),
        fc.uint16Array(),
        fc.int32Array(),
        fc.uint32Array(),
        fc.float32Array(),
        fc.float64Array(),
        fc.bigInt64Array(),
        fc.bigUint64Array(),
      ),
      (datatype, data) => {
        let arrived: unknown[];
        try {
          arrived = sent(datatype, data as InputData);
        } catch (caught) {
          assert.ok(caught instanceof RangeError);
          return;
        }
        assert.deepEqual(
          arrived.map(String),
          Array.from(data as Float64Array, (each) => String(Object.is(each, -0) ? 0 : each)),
        );
      },
    ),
    { numRuns: 500 },
  );
});
