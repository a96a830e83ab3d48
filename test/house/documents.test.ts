import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DOCUMENTS } from '../../tools/documents.ts';

for (const { file, print } of DOCUMENTS) {
  test(`${file} matches the code (npm run docs regenerates it)`, () => {
    assert.equal(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'), print());
  });
}
