import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutText } from './cut-text.ts';

test('a text within the bound stays as it is, a longer one says how much is missing', () => {
  assert.equal(cutText('12345', 5), '12345');
  assert.equal(cutText('1234567', 5), '12345… (2 more characters)');
});
