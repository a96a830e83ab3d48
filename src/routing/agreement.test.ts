import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tensorOf } from '../../test/support/routing.ts';
import type { CompareSettings } from '../config/canary-settings.ts';
import type { Datatype } from '../tensor/datatype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { disagreement, topOf } from './agreement.ts';

const SETTINGS: CompareSettings = { by: 'tolerance', output: undefined, tolerance: 0.001 };

function compared(one: Tensor, two: Tensor, settings: Partial<CompareSettings> = {}): string | undefined {
  return disagreement({ outputs: [one] }, { outputs: [two] }, { ...SETTINGS, ...settings });
}

function floats(...elements: number[]): Tensor {
  return tensorOf('y', 'FP64', [elements.length], elements);
}

test('numbers agree within the tolerance, relative to the larger one or to 1', () => {
  assert.equal(compared(floats(1000), floats(1000.9)), undefined);
  assert.equal(compared(floats(1, 1000), floats(1, 1001.1)), "output 'y' has 1000 and 1001.1 at element 1");
  assert.equal(compared(floats(1000), floats(1001.0005)), undefined, 'the larger one counts');
  assert.equal(compared(floats(0), floats(0.0009)), undefined);
  assert.equal(compared(floats(0), floats(0.0011)), "output 'y' has 0 and 0.0011 at element 0");
});

test('with a tolerance of 0, only equal numbers agree', () => {
  assert.equal(compared(floats(0.1), floats(0.1), { tolerance: 0 }), undefined);
  assert.equal(compared(floats(0), floats(-0), { tolerance: 0 }), undefined);
  assert.notEqual(compared(floats(0.1), floats(0.1 + 1e-16), { tolerance: 0 }), undefined);
});

test('NaN and infinities agree with themselves and with nothing else', () => {
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of [...special, 0, 1e300]) {
    for (const other of special) {
      assert.equal(
        compared(floats(one), floats(other)) === undefined,
        Object.is(one, other),
        `${one}, ${other}`,
      );
    }
  }
});

test('an answer agrees with itself, and agreement has no direction', () => {
  const numbers = fc.array(fc.double(), { minLength: 1, maxLength: 6 });
  const by = fc.constantFrom<CompareSettings['by']>('exact', 'tolerance', 'top1');
  fc.assert(
    fc.property(numbers, numbers, by, (a, b, kind) => {
      assert.equal(compared(floats(...a), floats(...a), { by: kind }), undefined);
      const there = compared(floats(...a), floats(...b), { by: kind });
      const back = compared(floats(...b), floats(...a), { by: kind });
      assert.equal(there === undefined, back === undefined);
    }),
  );
});

test('another datatype or shape is a difference', () => {
  const [one, two] = [tensorOf('y', 'FP32', [1, 2], [1, 2]), tensorOf('y', 'FP32', [2], [1, 2])];
  assert.equal(compared(one, two), "output 'y' is FP32[1,2] and FP32[2]");
  assert.equal(compared(two, floats(1, 2)), "output 'y' is FP32[2] and FP64[2]");
  assert.equal(compared(one, two, { by: 'top1' }), "output 'y' is FP32[1,2] and FP32[2]");
});

test('exact compares bytes', () => {
  assert.equal(compared(floats(1), floats(1), { by: 'exact' }), undefined);
  assert.equal(compared(floats(1), floats(1 + 1e-15), { by: 'exact' }), "output 'y' has other bytes");
});

test('texts and 64-bit integers have no tolerance', () => {
  const texts = (text: string) => tensorOf('y', 'BYTES', [1], [text]);
  assert.equal(compared(texts('a'), texts('a')), undefined);
  assert.equal(compared(texts('a'), texts('b')), "output 'y' has other bytes");
  const big = (value: bigint) => tensorOf('y', 'INT64', [1], [value]);
  assert.equal(compared(big(2n ** 60n), big(2n ** 60n)), undefined);
  assert.equal(compared(big(2n ** 60n), big(2n ** 60n + 1n)), "output 'y' has other bytes");
});

test('top1 compares the place of the largest score of each row', () => {
  const scores = (...elements: number[]) => tensorOf('y', 'FP32', [2, 3], elements);
  const [one, other] = [scores(0.1, 0.8, 0.1, 5, 1, 1), scores(0.2, 0.5, 0.3, 2, 1, 1)];
  assert.equal(compared(one, other, { by: 'top1' }), undefined);
  const changed = scores(0.2, 0.5, 0.3, 1, 1, 2);
  assert.equal(compared(one, changed, { by: 'top1' }), "output 'y' has its largest score at class 0 and 2");
});

for (const [datatype, shape, label, other] of [
  ['BYTES', [1, 1], 'cat', 'dog'],
  ['INT64', [1], 3n, 4n],
  ['INT32', [1, 1], 3, 4],
  ['UINT8', [], 3, 4],
] as const) {
  test(`top1 compares labels of ${datatype} with ${shape.length} axes as they are`, () => {
    const of = (value: unknown) => tensorOf('y', datatype as Datatype, shape, [value]);
    assert.equal(compared(of(label), of(label), { by: 'top1' }), undefined);
    assert.equal(compared(of(label), of(other), { by: 'top1' }), "output 'y' has another label");
  });
}

test('all outputs that both answers have are compared, or the one in the settings', () => {
  const named = (name: string, value: number) => ({ ...floats(value), name });
  const control = { outputs: [named('a', 1), named('b', 1), named('only here', 1)] };
  const other = { outputs: [named('b', 2), named('a', 1), named('only there', 1)] };
  assert.equal(disagreement(control, other, SETTINGS), "output 'b' has 1 and 2 at element 0");
  assert.equal(disagreement(control, other, { ...SETTINGS, output: 'a' }), undefined);
});

test('answers without an output to compare do not agree', () => {
  const other = { ...floats(1), name: 'z' };
  assert.equal(compared(floats(1), other), 'no output in common');
  assert.equal(compared(floats(1), other, { output: 'y' }), "no output 'y' in both");
});

test('the first of several largest scores is the top', () => {
  assert.equal(topOf([9, 1, 3, 3], 1, 3), 1);
  assert.equal(topOf([9, 1, 3, 3], 0, 4), 0);
});
