import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerHeads, headEnd } from './answer-head.ts';

const form = fc.record({
  contentType: fc.constantFrom('application/json', 'application/octet-stream'),
  jsonBytes: fc.constantFrom(undefined, 7, 8),
  contentEncoding: fc.constantFrom(undefined, 'gzip'),
  byteLength: fc.constantFrom(0, 7, 70),
});
const end = fc.constantFrom(headEnd('now', 5_000), headEnd('then', 5_000), headEnd('now', undefined));
const fields = fc.constantFrom('', 'x-galley-cache: hit\r\n');

test('in any order of answers, each gets the head that it would get alone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fields, form, end), { maxLength: 30 }), (answers) => {
      const heads = new AnswerHeads();
      for (const answer of answers) {
        assert.equal(heads.of(...answer), new AnswerHeads().of(...answer));
      }
    }),
    { numRuns: 500 },
  );
});

test('a head has the fields in the order of Node', () => {
  const binary = {
    contentType: 'application/octet-stream',
    jsonBytes: 10,
    contentEncoding: undefined,
    byteLength: 14,
  };
  assert.equal(
    new AnswerHeads().of('x-galley-cache: miss\r\n', binary, headEnd('Thu, 01 Jan 1970 00:00:00 GMT', 5_000)),
    'HTTP/1.1 200 OK\r\nx-galley-cache: miss\r\ncontent-type: application/octet-stream\r\ncontent-length: 14\r\n' +
      'inference-header-content-length: 10\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\n' +
      'Keep-Alive: timeout=5\r\n\r\n',
  );
});
