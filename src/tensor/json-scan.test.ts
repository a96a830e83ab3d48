import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanJson } from './json-scan.ts';
import { segmentsFrom } from './segments.ts';

function scan(text: string, maxValues?: number, chunkBytes = 1_000_000) {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.byteLength / chunkBytes);
  const chunks = Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  return scanJson(segmentsFrom(chunks), maxValues);
}

test('a text that is too expensive to parse is refused', () => {
  const times = 2_000_000;
  for (const [text, words] of [
    ['1'.repeat(1_001), /more than 1000 characters/],
    [`0.${'1'.repeat(2_000)}`, /more than 1000 characters/],
    ['{},'.repeat(times), /objects and members/],
    [`{${'"a":1,'.repeat(times)}`, /objects and members/],
    ['[],'.repeat(times), /lists/],
    ['1,'.repeat(16 * 1024 * 1024 + 1), /values/],
    ['['.repeat(101), /nesting depth/],
  ] as const) {
    assert.throws(() => scan(text), words);
  }
  assert.throws(() => scan('[1,2,3,4]', 2), /more than 2 values/);
});

test('characters inside a string do not count', () => {
  assert.deepEqual(scan(`["${'1'.repeat(5_000)}","${'[{,:'.repeat(1_000_000)}"]`, 2), {
    isAscii: true,
    hasLongNumbers: false,
  });
});

test('the result does not depend on how the bytes are chunked', () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 1, max: 7 }), (text, chunkBytes) => {
      assert.deepEqual(scan(text, undefined, chunkBytes), scan(text));
    }),
  );
});
