import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { segmentsOf } from '../../tensor/segments.ts';
import { OipAnswerHeadCache } from './oip-answer-head-cache.ts';
import { type AnswerHead, type AnswerPart, writeAnswerHead } from './oip-response.ts';

const part: fc.Arbitrary<AnswerPart> = fc
  .record({
    name: fc.constantFrom('y', 'z"'),
    datatype: fc.constantFrom('FP32', 'FP32', 'INT32'),
    shape: fc.constantFrom<(readonly number[])[]>([1, 2], [2, 1], [2]),
    isBinary: fc.constantFrom(true, true, true, false),
  })
  .map(({ isBinary, ...form }) => {
    const count = form.shape.reduce((product, size) => product * size, 1);
    return { isBinary, tensor: { ...form, data: segmentsOf(new Uint8Array(4 * count)) } };
  });
const head: fc.Arbitrary<AnswerHead> = fc.record({
  id: fc.constantFrom('', 'a'),
  model: fc.constantFrom('m', 'n'),
  version: fc.constantFrom('1', '2'),
});

test('in any order of answers, each gets the head that it would get anew', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(head, fc.array(part, { minLength: 1, maxLength: 2 })), { maxLength: 100 }),
      (answers) => {
        const heads = new OipAnswerHeadCache();
        for (const [of, parts] of answers) {
          assert.equal(heads.write(of, parts).toString(), writeAnswerHead(of, parts).toString());
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a head is written once for answers of one form, and contents are not kept', () => {
  const heads = new OipAnswerHeadCache();
  const answer = (value: number): AnswerPart[] => [
    {
      isBinary: true,
      tensor: { name: 'y', datatype: 'UINT8', shape: [1], data: segmentsOf(Uint8Array.of(value)) },
    },
  ];
  const of = { id: '', model: 'm', version: '1' };
  assert.equal(heads.write(of, answer(1)), heads.write(of, answer(2)));
  assert.notEqual(heads.write({ ...of, id: 'a' }, answer(1)), heads.write({ ...of, id: 'a' }, answer(1)));
});
