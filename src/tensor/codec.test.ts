import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkBinaryData } from './binary-codec.ts';
import { decodeBytesElements, encodeBytesElements } from './bytes-elements.ts';
import { DATATYPE_NAMES, DATATYPES, type Datatype } from './datatype.ts';
import { parseExactJson, writeExactJson } from './exact-json.ts';
import { hasForbiddenFloat } from './finite.ts';
import { halfToNumber } from './half.ts';
import { readJsonData, writeJsonData } from './json-codec.ts';
import { nestedShape } from './nested.ts';
import { readJson } from './read-json.ts';
import { gatherRows, splitRows } from './rows.ts';
import { flatten, joinSegments, type Segments, segmentsOf, sliceSegments } from './segments.ts';
import { bytesOf, elementCount, type Tensor, typedArrayOf } from './tensor.ts';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

/** The same bytes in chunks cut anywhere, at any alignment. */
function chopped(bytes: Uint8Array, cuts: readonly number[]): Segments {
  const shifted = new Uint8Array(bytes.byteLength + 1);
  shifted.set(bytes, 1);
  const at = [0, ...cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((a, b) => a - b), bytes.byteLength];
  return segmentsOf(...at.slice(1).map((end, index) => shifted.subarray(1 + (at[index] ?? 0), 1 + end)));
}

function tensors(datatypes: readonly Datatype[]): fc.Arbitrary<Tensor> {
  return fc
    .tuple(fc.constantFrom(...datatypes), shapes, fc.infiniteStream(fc.integer({ min: 0, max: 255 })))
    .map(([datatype, shape, stream]) => {
      const count = elementCount(shape);
      const byte = () => stream.next().value as number;
      const data =
        datatype === 'BYTES'
          ? encodeBytesElements(
              Array.from({ length: count }, () => Buffer.from('é'.repeat(byte() % 4) + byte())),
            )
          : segmentsOf(
              Uint8Array.from({ length: count * DATATYPES[datatype].bytes }, () =>
                datatype === 'BOOL' ? byte() % 2 : byte(),
              ),
            );
      return { name: 'x', datatype, shape, data };
    });
}

function isFloat(datatype: Datatype): boolean {
  return DATATYPES[datatype].kind === 'float' || DATATYPES[datatype].kind === 'half';
}

function numbersOf(datatype: Datatype, data: Segments): number[] {
  const array = Array.from(typedArrayOf(datatype, data) as Float64Array);
  return datatype === 'FP16' || datatype === 'BF16'
    ? array.map((bits) => halfToNumber(datatype, bits))
    : array;
}

test('JSON: a written tensor reads back to the same bytes, for every datatype and shape', () => {
  fc.assert(
    fc.property(tensors(DATATYPE_NAMES), (tensor) => {
      const json = parseExactJson(writeJsonData(tensor));
      const back = readJsonData('x', tensor.datatype, tensor.shape, json);
      // JSON does not distinguish the bit patterns of NaN.
      const bits = (data: Segments) =>
        isFloat(tensor.datatype) ? numbersOf(tensor.datatype, data) : [...flatten(data)];
      assert.deepEqual(bits(back), bits(tensor.data));
    }),
  );
});

test('JSON: nested data reads like flat data', () => {
  const flat = readJsonData('x', 'INT32', [2, 3], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    readJsonData(
      'x',
      'INT32',
      [2, 3],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ),
    flat,
  );
});

test('JSON: nested data of any shape reads back, and one element too many or too few is refused', () => {
  const nestedOf = (shape: readonly number[], next: () => number): unknown => {
    const [size, ...inner] = shape;
    return size === undefined ? next() : Array.from({ length: size }, () => nestedOf(inner, next));
  };
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(sizes, fc.nat(), fc.boolean(), (shape, place, isLonger) => {
      let count = 0;
      const data = nestedOf(shape, () => count++) as unknown[];
      const bytes = readJsonData('x', 'INT32', shape, data);
      assert.deepEqual(
        [...typedArrayOf('INT32', bytes)],
        Array.from({ length: count }, (_, index) => index),
      );
      const lists = [data];
      for (const list of lists) for (const inner of list) if (Array.isArray(inner)) lists.push(inner);
      // Changes the size of one list by one element of its own kind.
      const list = lists[place % lists.length] as unknown[];
      if (isLonger) list.push(list[0]);
      else list.pop();
      assert.throws(() => readJsonData('x', 'INT32', shape, data), /data.* has length|requires .* elements/);
    }),
  );
});

test('JSON: the sign of zero is kept for every float', () => {
  for (const datatype of ['FP16', 'BF16', 'FP32', 'FP64'] as const) {
    const data = readJsonData('x', datatype, [3], parseExactJson('[-0.0, 0, -0]'));
    const text = writeJsonData({ name: 'x', datatype, shape: [3], data });
    assert.equal(text, '[-0.0,0,-0.0]', datatype);
  }
});

test('JSON: NaN and infinities are read as floats of every width, but not as integers', () => {
  const text = '[NaN,Infinity,-Infinity]';
  for (const datatype of ['FP16', 'BF16', 'FP32', 'FP64'] as const) {
    const data = readJsonData('x', datatype, [3], parseExactJson(text));
    assert.equal(writeJsonData({ name: 'x', datatype, shape: [3], data }), text, datatype);
  }
  assert.throws(() => readJsonData('x', 'INT64', [1], [Number.POSITIVE_INFINITY]), /element 0 is Infinity/);
});

test('a number beyond the range of a double is refused, not read as infinity', () => {
  const read = (text: string) => readJson(segmentsOf(Buffer.from(text)));
  for (const text of [
    '[1e400]',
    '[1.5E+0400]',
    '[-1e309]',
    '{"a":{"b":[2e308]}}',
    `[${'9'.repeat(310)}.5]`,
  ]) {
    assert.throws(() => read(text), /wanted a number up to 1.8e308/, text);
  }
  assert.throws(() => read(`[${'9'.repeat(100_000)}]`), /at most 1000 digits/);
  assert.deepEqual(read('[1e308, 1e-400, 1.5e+3, 17976931348623157e292]'), [
    1e308,
    0,
    1500,
    Number.MAX_VALUE,
  ]);
  assert.deepEqual(read('["1e400", 1e-307]'), ['1e400', 1e-307]);
});

const exactValues = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double(),
    fc.bigInt().filter((big) => !Number.isSafeInteger(Number(big))),
    fc.constantFrom(null, true, false, -0, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 60, 1e21, -(2 ** 53)),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value')),
  ),
})).value;

test('exact JSON reads back what it wrote, to the last digit, on one line or several', () => {
  fc.assert(
    fc.property(exactValues, fc.constantFrom(0, 2), (value, indent) => {
      const back = parseExactJson(writeExactJson(value, indent));
      assert.deepStrictEqual(plain(back), plain(value));
    }),
  );
  assert.equal(
    writeExactJson({ a: [1n, -0, Number.NaN], b: {}, c: undefined }, 2),
    '{\n  "a": [\n    1,\n    -0.0,\n    NaN\n  ],\n  "b": {}\n}',
  );
  assert.equal(writeExactJson({ a: [1.5, 'x'], b: null }), '{"a":[1.5,"x"],"b":null}');
});

/** Gives all objects one prototype and keeps their members. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([name, inner]) => [name, plain(inner)]);
}

test('JSON: 64-bit integers keep all digits', () => {
  const text = '[9223372036854775807,-9223372036854775808,9007199254740993]';
  const data = readJsonData('x', 'INT64', [3], parseExactJson(text));
  assert.equal(writeJsonData({ name: 'x', datatype: 'INT64', shape: [3], data }), text);
});

test('JSON: an integer that a double would round is refused, not rounded', () => {
  assert.throws(() => readJsonData('x', 'INT64', [1], [2 ** 60]), /element 0/);
});

for (const [datatype, data, shape, message] of [
  ['INT32', [1.5], [1], /element 0 is 1.5/],
  ['INT32', [Number.NaN], [1], /element 0 is NaN/],
  ['UINT8', [256], [1], /from 0 to 255/],
  ['UINT8', [-1], [1], /from 0 to 255/],
  ['BOOL', [1], [1], /true or false/],
  ['BYTES', [1], [1], /a string/],
  ['BYTES', ['a', 'b\ud800'], [2], /element 1 is "b\\ud800", wanted a string without lone surrogates/],
  ['FP32', ['1'], [1], /a number/],
  ['FP32', [1, 2, 3], [2], /requires 2 elements, data has 3/],
  ['FP32', null, [1], /data is null/],
  ['FP32', [1e39], [1], /element 0 is 1e\+39, wanted a number within the range of FP32/],
  ['FP32', [0, -3.5e38], [2], /element 1 is -3.5e\+38/],
  ['FP32', [10n ** 39n], [1], /element 0 is 1000/],
  ['FP64', [10n ** 400n], [1], /\(401 digits\), wanted a number within the range of FP64/],
  ['FP16', [65520], [1], /element 0 is 65520, wanted a number within the range of FP16/],
  ['BF16', [-3.4e38], [1], /within the range of BF16/],
  ['FP16', ['1'], [1], /element 0 is "1"/],
  ['FP32', [null], [1], /element 0 is null/],
  ['FP32', [{}], [1], /element 0 is an object/],
  [
    'FP32',
    [
      [1, 2],
      [3, 4, 5, 6],
    ],
    [2, 3],
    /data\[0\] has length 2, wanted 3/,
  ],
  [
    'FP32',
    [
      [1, 2, 3],
      [4, 5, 6, 7],
    ],
    [2, 3],
    /data\[1\] has length 4, wanted 3/,
  ],
  ['FP32', [[1, 2, 3, 4, 5, 6]], [2, 3], /data has length 1, wanted 2/],
  [
    'FP32',
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [2, 3],
    /data has length 3, wanted 2/,
  ],
  ['FP32', [[1, 2, 3], 4], [2, 3], /data\[1\] is not a list, wanted a list of 3/],
  ['FP32', [1, 2, 3, [4, 5, 6]], [2, 3], /data has length 4, wanted 2/],
  ['FP32', [[1], [[2]]], [2, 1], /data\[1\]\[0\] is a list, wanted an element/],
  ['FP32', [[1, 2], [3]], [4], /data has length 2, wanted 4/],
  ['BYTES', [['a'], ['b', 'c']], [1, 3], /data has length 2, wanted 1/],
] as const) {
  test(`JSON: ${datatype} of ${writeExactJson(data).slice(0, 40)} in [${shape.join()}] is refused with the wanted value`, () => {
    assert.throws(() => readJsonData('x', datatype, shape, data), message);
  });
}

test('JSON: nesting deeper than a hundred is refused by both readers', () => {
  let nested: unknown = 1;
  for (let depth = 0; depth < 200; depth++) nested = [nested];
  assert.throws(() => readJsonData('x', 'FP32', new Array<number>(200).fill(1), nested), /nesting depth/);
  assert.throws(() => nestedShape(nested), /nesting depth/);
  assert.throws(() => parseExactJson('['.repeat(1_000_000)), /nesting depth/);
});

/** The result of JSON.parse for the same text. */
function withoutBigInts(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withoutBigInts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBigInts(inner)]));
}

test('exact JSON agrees with JSON.parse on all texts that JSON.parse reads exactly', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value, null, 1);
      assert.deepEqual(withoutBigInts(parseExactJson(text)), JSON.parse(text));
    }),
  );
});

test('exact JSON reads strings of any length and any escape', () => {
  const long = 'x"\\\\\n'.repeat(500_000);
  assert.equal(parseExactJson(JSON.stringify(long)), long);
});

test('NaN is found in every float datatype, and infinities where they are forbidden', () => {
  const tensor = (datatype: Datatype, ...bits: number[]): Tensor => ({
    name: 'y',
    datatype,
    shape: [bits.length],
    data: bytesOf(datatype === 'FP32' ? Float32Array.from(bits) : Uint16Array.from(bits)),
  });
  for (const [datatype, nan, infinity, largest] of [
    ['FP16', 0xfe00, 0x7c00, 0x7bff],
    ['BF16', 0x7fc0, 0xff80, 0x7f7f],
    ['FP32', Number.NaN, Number.NEGATIVE_INFINITY, 3e38],
  ] as const) {
    assert.equal(hasForbiddenFloat(tensor(datatype, largest, nan), 'nan'), true);
    assert.equal(hasForbiddenFloat(tensor(datatype, largest, infinity), 'nan'), false);
    assert.equal(hasForbiddenFloat(tensor(datatype, largest, infinity), 'all'), true);
    assert.equal(hasForbiddenFloat(tensor(datatype, largest), 'all'), false);
  }
});

test('exact JSON refuses what JSON.parse refuses', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      // The bare tokens are an extension of the protocol.
      fc.pre(!/NaN|Infinity/.test(text));
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      if (isJson) parseExactJson(text);
      else assert.throws(() => parseExactJson(text));
    }),
  );
});

test('binary: rows gathered and split again are unchanged, and no byte is copied', () => {
  const parts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(parts, shapes, fc.constantFrom(...DATATYPE_NAMES), (rowCounts, rowShape, datatype) => {
      const tensorsOfRows = rowCounts.map((rows, index): Tensor => {
        const shape = [rows, ...rowShape];
        const count = elementCount(shape);
        const data =
          datatype === 'BYTES'
            ? encodeBytesElements(Array.from({ length: count }, (_, at) => Buffer.from(`${index}.${at}`)))
            : segmentsOf(
                Uint8Array.from({ length: count * DATATYPES[datatype].bytes }, (_, at) => index * 31 + at),
              );
        return { name: 'x', datatype, shape, data };
      });
      const gathered = gatherRows(tensorsOfRows);
      const split = splitRows(gathered, rowCounts);
      assert.deepEqual(
        split.map((part) => part.shape),
        tensorsOfRows.map((part) => part.shape),
      );
      for (const [index, part] of split.entries()) {
        assert.deepEqual([...flatten(part.data)], [...flatten((tensorsOfRows[index] as Tensor).data)]);
        for (const chunk of part.data.chunks) {
          assert.ok(
            tensorsOfRows.some((given) => given.data.chunks.some(({ buffer }) => buffer === chunk.buffer)),
          );
        }
      }
    }),
  );
});

test('rows that do not add up are an error', () => {
  const tensor: Tensor = { name: 'y', datatype: 'UINT8', shape: [3], data: segmentsOf(new Uint8Array(3)) };
  assert.throws(() => splitRows(tensor, [1, 1]), /3 rows, but the inputs have 2/);
});

test('segments: slices of a chunked payload equal slices of the whole', () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), fc.nat(), fc.nat(), (whole, cuts, a, b) => {
      const [start, end] = [a % (whole.length + 1), b % (whole.length + 1)].sort((x, y) => x - y) as [
        number,
        number,
      ];
      const segments = chopped(whole, cuts);
      assert.deepEqual([...flatten(sliceSegments(segments, start, end))], [...whole.subarray(start, end)]);
      const halves = [sliceSegments(segments, 0, start), sliceSegments(segments, start, whole.length)];
      assert.deepEqual([...flatten(joinSegments(halves))], [...whole]);
    }),
  );
});

test('numbers are read at any alignment', () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 20 }), fc.array(fc.nat(), { maxLength: 5 }), (numbers, cuts) => {
      const bytes = flatten(bytesOf(numbers));
      assert.deepEqual(typedArrayOf('FP32', chopped(bytes, cuts)), numbers);
    }),
  );
});

test('BYTES elements read back, and a wrong length is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (elements) => {
      const back = decodeBytesElements(encodeBytesElements(elements));
      assert.deepEqual(
        back.map((element) => [...element]),
        elements.map((element) => [...element]),
      );
    }),
  );
  assert.throws(() => decodeBytesElements(segmentsOf(Uint8Array.of(9, 0, 0, 0, 1))), /has length 9/);
  assert.throws(() => decodeBytesElements(segmentsOf(Uint8Array.of(9, 0))), /incomplete length/);
});

test('binary data of the wrong size is refused', () => {
  checkBinaryData('x', 'FP32', [2], segmentsOf(new Uint8Array(8)));
  assert.throws(
    () => checkBinaryData('x', 'FP32', [2], segmentsOf(new Uint8Array(7))),
    /takes 8 bytes, got 7/,
  );
  assert.throws(
    () => checkBinaryData('x', 'BYTES', [2], encodeBytesElements([Buffer.from('a')])),
    /expected 2 string elements .* got 1/,
  );
});
