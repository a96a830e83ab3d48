import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkBinaryData } from './binary-codec.ts';
import { decodeBytesElements, encodeBytesElements } from './bytes-elements.ts';
import { DATATYPE_NAMES, DATATYPES, type Datatype } from './datatype.ts';
import { parseExactJson } from './exact-json.ts';
import { hasForbiddenFloat } from './finite.ts';
import { readJsonData, writeJsonData } from './json-codec.ts';
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

const withJsonForm = DATATYPE_NAMES.filter((name) => DATATYPES[name].kind !== 'half');

test('JSON: what is written reads back to the same bytes, for every datatype and shape', () => {
  fc.assert(
    fc.property(tensors(withJsonForm), (tensor) => {
      const json = parseExactJson(writeJsonData(tensor));
      const back = readJsonData('x', tensor.datatype, tensor.shape, json);
      const isFloat = DATATYPES[tensor.datatype].kind === 'float';
      // Which of the many bit patterns of NaN it was, JSON does not tell.
      const bits = (data: Segments) =>
        isFloat ? Array.from(typedArrayOf(tensor.datatype, data) as Float64Array) : [...flatten(data)];
      assert.deepEqual(bits(back), bits(tensor.data));
    }),
  );
});

test('JSON: nested data reads as flat data does', () => {
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

test('JSON: 64-bit integers keep every digit', () => {
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
  ['FP32', ['1'], [1], /a number/],
  ['FP32', [1, 2, 3], [2], /wants 2 elements, data has 3/],
  ['FP32', null, [1], /data is null/],
  ['FP16', [1], [1], /no JSON form/],
] as const) {
  test(`JSON: ${datatype} of ${JSON.stringify(data)} is refused with what was wanted`, () => {
    assert.throws(() => readJsonData('x', datatype, shape, data), message);
  });
}

test('JSON: nesting deeper than a hundred is refused by both readers', () => {
  let nested: unknown = 1;
  for (let depth = 0; depth < 200; depth++) nested = [nested];
  assert.throws(() => readJsonData('x', 'FP32', [1], nested), /nesting depth/);
  assert.throws(() => parseExactJson('['.repeat(1_000_000)), /nesting depth/);
});

/** What JSON.parse would have made of the same text. */
function withoutBigInts(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withoutBigInts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBigInts(inner)]));
}

test('exact JSON agrees with JSON.parse on everything that has no loss', () => {
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

test('NaN is found in every float datatype, infinities where they are forbidden too', () => {
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
      // The bare tokens are the protocol's own addition.
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

test('binary: rows gathered and split again are the same rows, and no byte was copied', () => {
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
  assert.throws(() => splitRows(tensor, [1, 1]), /3 rows where 2 went in/);
});

test('segments: slices of a chopped payload are slices of the whole', () => {
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

test('numbers are read from wherever they lie', () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 20 }), fc.array(fc.nat(), { maxLength: 5 }), (numbers, cuts) => {
      const bytes = flatten(bytesOf(numbers));
      assert.deepEqual(typedArrayOf('FP32', chopped(bytes, cuts)), numbers);
    }),
  );
});

test('BYTES elements survive the trip, and a length that lies is found', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (elements) => {
      const back = decodeBytesElements(encodeBytesElements(elements));
      assert.deepEqual(
        back.map((element) => [...element]),
        elements.map((element) => [...element]),
      );
    }),
  );
  assert.throws(() => decodeBytesElements(segmentsOf(Uint8Array.of(9, 0, 0, 0, 1))), /says 9 bytes/);
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
