import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutText } from './cut-text.ts';

test('a text within the bound is unchanged, and a longer one ends with the number of characters cut', () => {
  assert.equal(cutText('12345', 5), '12345');
  assert.equal(cutText('1234567', 5), '12345… (2 more characters)');
});
