import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byVersion, versionNamed } from './model-version.ts';

test('a version has no leading zeros and up to 20 digits', () => {
  assert.equal(versionNamed('00000123'), '123');
  assert.equal(versionNamed('20240131123456789'), '20240131123456789');
  assert.equal(versionNamed('000'), '0');
  for (const text of ['', 'v1', '1.0', '-1', '1e3', '123456789012345678901']) {
    assert.equal(versionNamed(text), undefined, text);
  }
});

test('versions are ordered by their numbers, also beyond 2^53', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
      fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
      (a, b) => {
        assert.equal(Math.sign(byVersion(String(a), String(b))), a < b ? -1 : Number(a > b));
      },
    ),
  );
  assert.ok(byVersion('9007199254740992', '9007199254740993') < 0);
});
