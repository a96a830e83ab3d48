import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensorOf, viewOf, viewWith } from '../../../test/support/routing.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { compileMatch, isMatch } from './match.ts';

function matchesInput(input: Parameters<typeof compileMatch>[0]['input'], ...inputs: Tensor[]) {
  return isMatch(compileMatch({ input }), viewWith({ inputs }));
}

test('name, header, tenant and version are decided before the body', () => {
  const match = compileMatch({
    name: 'digits-*',
    header: { 'Content-Language': 'de*' },
    tenant: 'acme',
    version: '>= 2',
  });
  const view = viewOf({
    name: 'digits-eu',
    fields: { 'content-language': 'de-AT' },
    tenant: 'acme',
    version: '3',
  });
  assert.equal(isMatch(match, view), true);
  assert.equal(isMatch(match, { ...view, name: 'letters' }), false);
  assert.equal(isMatch(match, { ...view, fields: { 'content-language': 'en' } }), false);
  assert.equal(isMatch(match, { ...view, tenant: 'other' }), false);
  assert.equal(isMatch(match, { ...view, version: '1' }), false);
});

test('what is missing matches nothing, not even * or a negation', () => {
  for (const wanted of ['*', '!x']) {
    assert.equal(isMatch(compileMatch({ header: { a: wanted } }), viewOf()), false, wanted);
    assert.equal(isMatch(compileMatch({ version: wanted }), viewOf()), false, wanted);
    assert.equal(isMatch(compileMatch({ parameter: { a: wanted } }), viewWith({})), false, wanted);
  }
});

test('all header fields and parameters of a rule must match', () => {
  const match = compileMatch({ header: { a: '1', b: '2' }, parameter: { c: '3', d: '4' } });
  const fields = { a: '1', b: '2' };
  assert.equal(isMatch(match, viewWith({ parameters: { c: 3, d: '4' } }, { fields })), true);
  assert.equal(isMatch(match, viewWith({ parameters: { c: 3, d: 5 } }, { fields })), false);
  assert.equal(isMatch(match, viewWith({ parameters: { c: 3, d: 4 } }, { fields: { a: '1' } })), false);
});

test('a rule about the body is open until the body is read', () => {
  assert.equal(isMatch(compileMatch({ parameter: { a: '1' } }), viewOf()), undefined);
  assert.equal(isMatch(compileMatch({ input: { name: 'x' } }), viewOf()), undefined);
});

test('a rule whose header differs does not wait for the body', () => {
  const match = compileMatch({ parameter: { a: '1' }, input: { name: 'x' }, header: { b: '2' } });
  assert.equal(isMatch(match, viewOf({ fields: { b: '3' } })), false);
  assert.equal(isMatch(match, viewOf({ fields: { b: '2' } })), undefined);
});

test('an input matches by name, datatype and shape', () => {
  const image = tensorOf('image', 'UINT8', [2, 3], [1, 2, 3, 4, 5, 6]);
  assert.equal(matchesInput({ name: 'image' }, image), true);
  assert.equal(matchesInput({ name: 'text' }, image), false);
  assert.equal(matchesInput({ name: 'image', datatype: 'UINT8' }, image), true);
  assert.equal(matchesInput({ name: 'image', datatype: 'FP32' }, image), false);
  assert.equal(matchesInput({ name: 'image', shape: [-1, 3] }, image), true);
  assert.equal(matchesInput({ name: 'image', shape: [-1, 4] }, image), false);
  assert.equal(matchesInput({ name: 'image', shape: [-1] }, image), false);
});

for (const [datatype, elements, value, other] of [
  ['BYTES', ['de', 'en'], 'DE', 'en'],
  ['FP32', [0.5, 9], '>= 0.5', '> 0.5'],
  ['FP16', [1.5, 9], '= 1.5', '9'],
  ['INT64', [9007199254740993n, 0n], '9007199254740993', '9007199254740992'],
  ['UINT8', [7, 8], '7', '8'],
  ['BOOL', [true, false], '1', '0'],
] as const) {
  test(`the first element of ${datatype} is compared`, () => {
    const input = tensorOf('x', datatype, [2], elements);
    assert.equal(matchesInput({ name: 'x', value }, input), true);
    assert.equal(matchesInput({ name: 'x', value: other }, input), false);
  });
}

test('an input without elements has no first element', () => {
  assert.equal(matchesInput({ name: 'x', value: '*' }, tensorOf('x', 'BYTES', [0], [])), false);
  assert.equal(matchesInput({ name: 'x', value: '*' }, tensorOf('x', 'FP32', [0, 3], [])), false);
});

test('the content of an input of more than 4 KiB is not compared', () => {
  const of = (count: number) => tensorOf('x', 'UINT8', [count], new Array(count).fill(7));
  assert.equal(matchesInput({ name: 'x', value: '7' }, of(4096)), true);
  assert.equal(matchesInput({ name: 'x', value: '7' }, of(4097)), false);
  assert.equal(matchesInput({ name: 'x', shape: [-1] }, of(4097)), true);
});

test('conditions that need the body come last', () => {
  const match = compileMatch({
    input: { name: 'x', value: '1' },
    parameter: { b: '1' },
    header: { a: '1' },
    tenant: 't',
  });
  assert.deepEqual(
    match.map(({ subject, needsBody }) => `${subject}: ${needsBody}`),
    [
      'header a: false',
      'tenant: false',
      'parameter b: true',
      'input x: true',
      'first element of input x: true',
    ],
  );
});
