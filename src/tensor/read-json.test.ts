import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson } from './read-json.ts';
import { segmentsOf } from './segments.ts';

/** What reading comes to: the value, or the message of the error. */
function outcomeOf(text: string, maxValues?: number): unknown {
  try {
    return readJson(segmentsOf(Buffer.from(text)), maxValues);
  } catch (error) {
    return String(error);
  }
}

const digits = fc.stringMatching(/^\d{1,20}$/);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.', '.5', 'e5', 'E+12', 'e-300', 'e999'))
    .map((it) => it.join('')),
  fc
    .tuple(digits, fc.integer({ min: 1, max: 1_100 }))
    .map(([whole, zeros]) => `${whole}.${'0'.repeat(zeros)}1`),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '-0', '-0.0', '01', '1.', '9007199254740993'),
);
const token = fc.oneof(
  number,
  fc.string().map((it) => JSON.stringify(it)),
  fc.constantFrom('true', 'null', '[]', '{}', 'x'),
);
const list = fc.array(token, { maxLength: 8 }).map((tokens) => `[${tokens.join(',')}]`);
const nested = fc.integer({ min: 1, max: 120 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth));

test('a small text is read as the scan of each byte would have it read', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        list,
        nested,
        fc.tuple(list, list).map(([a, b]) => `{"a":${a},"b":${b}}`),
        fc.json(),
        fc.string(),
      ),
      (text) => {
        assert.deepEqual(outcomeOf(text), outcomeOf(text, Number.POSITIVE_INFINITY));
      },
    ),
    { numRuns: 3_000 },
  );
});
