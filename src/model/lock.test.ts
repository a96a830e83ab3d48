import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceText, lockDifferences, lockText, parseLock } from './lock.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

test('a lock is written sorted, in the format of sha256sum, and read again', () => {
  const lock = new Map([
    ['m/2/model.onnx', A],
    ['m/1/with a space.bin', B],
  ]);
  const text = lockText(lock);
  assert.equal(text, `${B}  m/1/with a space.bin\n${A}  m/2/model.onnx\n`);
  assert.deepEqual(new Map([...parseLock(text, 'galley.lock')].sort()), new Map([...lock].sort()));
  assert.deepEqual(parseLock(`${A} *m/binary.bin\n\n`, ''), new Map([['m/binary.bin', A]]));
});

for (const [line, pattern] of [
  [
    'nonsense',
    /^galley\.lock:2: 'nonsense', wanted 64 hexadecimal digits, two spaces and a path; galley lock/,
  ],
  [`${A.slice(1)}  m/1/model.onnx`, /wanted 64 hexadecimal digits/],
  [`${A.toUpperCase()}  m/1/model.onnx`, /wanted 64 hexadecimal digits/],
  [`${A}  `, /wanted 64 hexadecimal digits/],
  [`${B}  first`, /^galley\.lock:2: 'first' is listed twice/],
] as const) {
  test(`a wrong line of a lock is named: ${line.slice(-20)}`, () => {
    assert.throws(() => parseLock(`${A}  first\n${line}\n`, 'galley.lock'), { message: pattern });
  });
}

test('a path that the format cannot hold is refused', () => {
  for (const path of ['two\nlines', 'back\\slash']) {
    assert.throws(() => lockText(new Map([[path, A]])), /cannot hold: rename it/);
  }
});

test('changed, missing and unlisted files are told apart', () => {
  const wanted = new Map([
    ['same', A],
    ['changed', A],
    ['gone', A],
  ]);
  const found = new Map([
    ['same', A],
    ['changed', B],
    ['extra', A],
  ]);
  assert.deepEqual(lockDifferences(wanted, found).map(differenceText), [
    `changed has the SHA-256 ${B}, wanted ${A}`,
    'extra is not listed',
    'gone is listed but does not exist',
  ]);
  assert.deepEqual(lockDifferences(wanted, wanted), []);
});
