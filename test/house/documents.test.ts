import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DOCUMENTS } from '../../tools/documents.ts';

for (const { file, print } of DOCUMENTS) {
  test(`${file} says what the code says (npm run docs prints it anew)`, () => {
    assert.equal(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'), print());
  });
}
