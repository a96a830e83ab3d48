import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf, viewWith } from '../../../test/support/routing.ts';
import { compileKeySource, textOf } from './key-source.ts';

test('a header is found in any case, and the first counts if it was sent several times', () => {
  const source = compileKeySource('header:X-User-Id');
  assert.equal(source.needsBody, false);
  assert.equal(source.keyOf(viewOf({ fields: { 'x-user-id': 'u1' } })), 'u1');
  assert.equal(source.keyOf(viewOf({ fields: { 'x-user-id': ['u1', 'u2'] } })), 'u1');
  assert.equal(source.keyOf(viewOf({ fields: { 'x-user': 'u1' } })), undefined);
});

test('an empty header, tenant or id is no key', () => {
  assert.equal(compileKeySource('header:x').keyOf(viewOf({ fields: { x: '' } })), undefined);
  assert.equal(compileKeySource('header:x').keyOf(viewOf({ fields: { x: [] } })), undefined);
  assert.equal(compileKeySource('tenant').keyOf(viewOf({ tenant: '' })), undefined);
  assert.equal(compileKeySource('id').keyOf(viewWith({ id: '' })), undefined);
});

test('the tenant is known before the body', () => {
  const source = compileKeySource('tenant');
  assert.equal(source.needsBody, false);
  assert.equal(source.keyOf(viewOf({ tenant: 'acme' })), 'acme');
});

test('id and parameters need the body', () => {
  for (const text of ['id', 'parameter:user']) {
    const source = compileKeySource(text);
    assert.equal(source.needsBody, true);
    assert.equal(source.source, text);
    assert.equal(source.keyOf(viewOf()), undefined, 'the body is not read yet');
  }
  assert.equal(compileKeySource('id').keyOf(viewWith({ id: 'r7' })), 'r7');
  assert.equal(compileKeySource('parameter:user').keyOf(viewWith({ parameters: { user: 7 } })), '7');
});

test('the name of a parameter keeps its case and its colons', () => {
  const view = viewWith({ parameters: { 'App:User': 'u1' } });
  assert.equal(compileKeySource('parameter:App:User').keyOf(view), 'u1');
  assert.equal(compileKeySource('parameter:app:user').keyOf(view), undefined);
});

test('names that every object has are no parameters and no headers', () => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.equal(compileKeySource(`parameter:${name}`).keyOf(viewWith({})), undefined, name);
    assert.equal(compileKeySource(`header:${name}`).keyOf(viewOf()), undefined, name);
  }
});

test('texts, numbers and booleans are texts; lists, groups and null are not', () => {
  assert.equal(textOf('a'), 'a');
  assert.equal(textOf(0), '0');
  assert.equal(textOf(12345678901234567890n), '12345678901234567890');
  assert.equal(textOf(false), 'false');
  for (const none of ['', null, undefined, ['a'], { a: 1 }]) assert.equal(textOf(none), undefined);
});
