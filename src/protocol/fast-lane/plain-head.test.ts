import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPlainHead } from './plain-head.ts';

const PLAIN = ['POST /v2/models/digits/infer HTTP/1.1', 'Host: a', 'Content-Length: 12'];

function headOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

test('a plain head is read with its route, fields and length', () => {
  const head = readPlainHead(Buffer.concat([headOf(PLAIN), Buffer.from('and the body')]));
  assert.deepEqual(head?.route, { kind: 'infer', model: 'digits', version: undefined });
  assert.deepEqual({ ...head?.fields }, { host: 'a', 'content-length': '12' });
  assert.equal(head?.bodyBytes, 12);
  assert.deepEqual(head?.bytes, headOf(PLAIN));
});

const ODD: Readonly<Record<string, readonly string[]>> = {
  'another method': ['GET /v2/models/digits/infer HTTP/1.1', ...PLAIN.slice(1)],
  'another version': ['POST /v2/models/digits/infer HTTP/1.0', ...PLAIN.slice(1)],
  'another path': ['POST /v2/models/digits HTTP/1.1', ...PLAIN.slice(1)],
  'an encoded path': ['POST /v2/models/%64igits/infer HTTP/1.1', ...PLAIN.slice(1)],
  'an absolute target': ['POST http://b/v2/models/digits/infer HTTP/1.1', ...PLAIN.slice(1)],
  'no host': [PLAIN[0] as string, 'Content-Length: 12'],
  'two hosts': [...PLAIN, 'host: b'],
  'no length': PLAIN.slice(0, 2),
  'two lengths': [...PLAIN, 'content-length: 12'],
  'a length that is no number': [...PLAIN.slice(0, 2), 'Content-Length: 1e3'],
  'chunks and a length': [...PLAIN, 'Transfer-Encoding: chunked'],
  'an expectation': [...PLAIN, 'Expect: 100-continue'],
  'an upgrade': [...PLAIN, 'Upgrade: h2c'],
  'a connection that closes': [...PLAIN, 'Connection: close'],
  'a compressed body': [...PLAIN, 'Content-Encoding: gzip'],
  'a folded field': [...PLAIN, 'X-Folded: a', ' b'],
  'a space before the colon': [...PLAIN, 'X-Spaced : a'],
  'a tab': [...PLAIN, 'X-Tab: a\tb'],
  'a line feed alone': [...PLAIN, 'X-Bare: a\nHost: b'],
  'a carriage return alone': [...PLAIN, 'X-Bare: a\rb'],
  'a byte above ASCII': [...PLAIN, 'X-High: \u00e9'],
  'a name of the prototype': [...PLAIN, '__proto__: a'],
};

for (const [what, lines] of Object.entries(ODD)) {
  test(`a head with ${what} is left to Node`, () => {
    assert.equal(readPlainHead(headOf(lines)), undefined);
  });
}

test('any ordinary field is read as it was sent, and an incomplete head is left to Node', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  const fields = fc.uniqueArray(
    fc.tuple(
      name.map((it) => `x-${it}`),
      value,
    ),
    {
      selector: ([it]) => it.toLowerCase(),
    },
  );
  fc.assert(
    fc.property(fields, fc.nat(), (drawn, cut) => {
      const whole = headOf([...PLAIN, ...drawn.map(([it, text]) => `${it}: ${text}`)]);
      const read = readPlainHead(whole);
      for (const [it, text] of drawn) assert.equal(read?.fields[it.toLowerCase()], text);
      assert.equal(Object.keys(read?.fields ?? {}).length, drawn.length + 2);
      assert.equal(readPlainHead(whole.subarray(0, cut % whole.byteLength)), undefined);
    }),
  );
});
