import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardAdmin } from './admin-guard.ts';

const HERE = {
  remoteAddress: '127.0.0.1',
  host: '127.0.0.1:8000',
  origin: undefined,
  authorization: undefined,
};
const ELSEWHERE = { ...HERE, remoteAddress: '10.0.0.7', host: 'galley.example:8000' };

for (const [why, caller, token, isLetIn] of [
  ['this machine', HERE, undefined, true],
  ['this machine while there is a token', HERE, 'secret', true],
  ['elsewhere', ELSEWHERE, undefined, false],
  ['elsewhere with the token', { ...ELSEWHERE, authorization: 'Bearer secret' }, 'secret', true],
  ['elsewhere with another token', { ...ELSEWHERE, authorization: 'Bearer secre' }, 'secret', false],
  [
    'elsewhere with a token where there is none',
    { ...ELSEWHERE, authorization: 'Bearer undefined' },
    undefined,
    false,
  ],
  ['this machine with a wrong token', { ...HERE, authorization: 'Bearer x' }, 'secret', false],
  ['a page of a foreign origin', { ...HERE, origin: 'http://evil.example' }, 'secret', false],
  ['a foreign name that points here', { ...HERE, host: 'evil.example' }, 'secret', false],
] as const) {
  test(`the admin API: ${why} is ${isLetIn ? 'let in' : 'refused'}`, () => {
    assert.equal(guardAdmin(caller, token) === undefined, isLetIn);
  });
}
