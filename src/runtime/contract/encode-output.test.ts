import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import type { Datatype } from '../../tensor/datatype.ts';
import { typedArrayOf } from '../../tensor/tensor.ts';
import { encodeOutput } from './encode-output.ts';

for (const [datatype, data, wanted] of [
  ['FP32', [0.5, 1n], [0.5, 1]],
  ['FP16', [1.5, -0], [0x3e00, 0x8000]],
  ['BF16', [1.5], [0x3fc0]],
  ['FP16', Uint16Array.of(0x3e00), [0x3e00]],
  ['BOOL', [true, 0], [1, 0]],
  ['INT64', [5, 2n ** 60n], [5n, 2n ** 60n]],
  ['UINT8', [255], [255]],
] as const) {
  test(`${datatype} of ${String(data)} is encoded`, () => {
    assert.deepEqual(
      Array.from(typedArrayOf(datatype, encodeOutput('y', datatype, data)) as Float64Array),
      wanted,
    );
  });
}

for (const [datatype, data, words] of [
  ['UINT8', [1, 300], /^output 'y': element 1 is 300, wanted a whole number from 0 to 255 \(UINT8\)$/],
  ['INT32', [1.5], /element 0 is 1.5, wanted a whole number from -2147483648 to 2147483647 \(INT32\)/],
  ['INT32', [Number.NaN], /element 0 is NaN/],
  ['INT64', [Number.NaN], /element 0 is NaN/],
  ['INT64', [2 ** 60], /element 0 is 1152921504606847000/],
  ['UINT64', [-1n], /element 0 is -1, wanted a whole number from 0 to 18446744073709551615/],
  ['FP32', [1e39], /element 0 is 1e\+39/],
  ['FP16', [65520], /element 0 is 65520/],
  ['BOOL', [2], /element 0 is 2, wanted true or false/],
  ['FP32', [undefined], /element 0 is undefined/],
  ['FP32', ['1'], /element 0 is "1"/],
  ['BYTES', [1], /element 0 is 1, wanted a text or a Uint8Array/],
  ['BYTES', ['\udc00'], /element 0 is "\\udc00", wanted a string without lone surrogates/],
  [
    'FP32',
    Float64Array.of(1),
    /output 'y' is a Float64Array; FP32 requires a Float32Array or an array of numbers/,
  ],
] as const satisfies readonly (readonly [Datatype, unknown, RegExp])[]) {
  test(`an invalid ${datatype} output is refused with the element's index: ${words.source}`, () => {
    assert.throws(() => encodeOutput('y', datatype, data as never), { message: words });
  });
}

test('strings and bytes become elements, and typed arrays are copied', () => {
  const elements = decodeBytesElements(encodeOutput('y', 'BYTES', ['ä', Uint8Array.of(0xff)]));
  assert.deepEqual(
    elements.map((element) => [...element]),
    [[0xc3, 0xa4], [0xff]],
  );
  const array = Float32Array.of(1);
  const encoded = encodeOutput('y', 'FP32', array);
  array[0] = 2;
  assert.deepEqual([...(typedArrayOf('FP32', encoded) as Float32Array)], [1]);
});
