import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HalfDatatype, halfToNumber, numberToHalf } from './half.ts';

const HALVES = ['FP16', 'BF16'] as const;

/** All finite patterns from 0 up, in the order of their values. */
function patterns(datatype: HalfDatatype): number[] {
  return Array.from({ length: datatype === 'FP16' ? 0x7c00 : 0x7f80 }, (_, bits) => bits);
}

/** Finds the nearest pattern by search, independently of the implementation. */
function nearest(datatype: HalfDatatype, value: number): number {
  let [low, high] = [0, patterns(datatype).length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halfToNumber(datatype, middle) <= value) low = middle;
    else high = middle;
  }
  const [below, above] = [value - halfToNumber(datatype, low), halfToNumber(datatype, high) - value];
  if (below === above) return low % 2 === 0 ? low : high;
  return below < above ? low : high;
}

for (const datatype of HALVES) {
  test(`${datatype}: every pattern reads back to itself, and the values increase`, () => {
    let before = -1;
    for (const bits of patterns(datatype)) {
      const number = halfToNumber(datatype, bits);
      assert.ok(number > before);
      before = number;
      assert.equal(numberToHalf(datatype, number), bits);
      assert.equal(numberToHalf(datatype, -number), bits | 0x8000);
    }
  });

  test(`${datatype}: any number is rounded to the nearest pattern, ties to even`, () => {
    const largest = halfToNumber(datatype, patterns(datatype).length - 1);
    const between = fc
      .tuple(fc.nat({ max: patterns(datatype).length - 2 }), fc.constantFrom(0.25, 0.5, 0.75))
      .map(([low, share]) => {
        const from = halfToNumber(datatype, low);
        return from + share * (halfToNumber(datatype, low + 1) - from);
      });
    const any = fc.double({ min: 0, max: largest, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(between, any), (value) => {
        assert.equal(numberToHalf(datatype, value), nearest(datatype, value));
      }),
      { numRuns: 2000 },
    );
  });
}

test('16-bit floats match the standards', () => {
  for (const [datatype, bits, number] of [
    ['FP16', 0x3c00, 1],
    ['FP16', 0x7bff, 65504],
    ['FP16', 0x0001, 2 ** -24],
    ['FP16', 0x0400, 2 ** -14],
    ['BF16', 0x3f80, 1],
    ['BF16', 0x7f7f, (2 - 2 ** -7) * 2 ** 127],
    ['BF16', 0x0001, 2 ** -133],
    ['FP16', 0xfc00, Number.NEGATIVE_INFINITY],
    ['BF16', 0x7f80, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.equal(halfToNumber(datatype, bits), number);
    assert.equal(numberToHalf(datatype, number), bits);
  }
  for (const datatype of HALVES) {
    assert.ok(Number.isNaN(halfToNumber(datatype, numberToHalf(datatype, Number.NaN) ?? 0)));
    assert.ok(Object.is(halfToNumber(datatype, 0x8000), -0));
  }
  assert.equal(numberToHalf('FP16', 65519.99), 0x7bff);
  assert.equal(numberToHalf('FP16', 65520), undefined);
  assert.equal(numberToHalf('FP16', -1e300), undefined);
  assert.equal(numberToHalf('BF16', 3.3962e38), undefined);
  assert.equal(numberToHalf('BF16', 5e-324), 0);
});
