import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardAdmin } from './admin-guard.ts';

const HERE = { host: '127.0.0.1:8000' };
const FOREIGN = { host: 'galley.example:8000' };

for (const [why, remoteAddress, headers, token, isAccepted] of [
  ['this machine', '127.0.0.1', HERE, undefined, true],
  ['this machine by name', '::1', { host: 'LocalHost' }, undefined, true],
  ['this machine by IPv6', '::ffff:127.0.0.1', { host: '[::1]:8000' }, undefined, true],
  ['a page of this machine', '127.0.0.1', { ...HERE, origin: 'http://localhost:3000' }, undefined, true],
  ['elsewhere', '10.0.0.7', HERE, undefined, false],
  ['an unknown address', undefined, HERE, undefined, false],
  ['elsewhere with the token', '10.0.0.7', { ...FOREIGN, authorization: 'Bearer secret' }, 'secret', true],
  ['the scheme in lower case', '10.0.0.7', { authorization: 'bearer  secret' }, 'secret', true],
  ['another token', '10.0.0.7', { authorization: 'Bearer secre' }, 'secret', false],
  ['another scheme', '127.0.0.1', { ...HERE, authorization: 'Basic secret' }, 'secret', false],
  ['the token twice', '127.0.0.1', { ...HERE, authorization: 'Bearer secret secret' }, 'secret', false],
  ['a token without a configured token', '10.0.0.7', { authorization: 'Bearer undefined' }, undefined, false],
  ['this machine without the configured token', '127.0.0.1', HERE, 'secret', false],
  ['this machine with a wrong token', '127.0.0.1', { ...HERE, authorization: 'Bearer x' }, 'secret', false],
] as const) {
  test(`the admin API: a call from ${why} is ${isAccepted ? 'accepted' : 'refused'}`, () => {
    assert.equal(guardAdmin({ remoteAddress, headers }, token) === undefined, isAccepted);
  });
}

for (const host of [
  ...['evil.example', 'x@127.0.0.1', 'localhost:pw@evil.example', '2130706433', '0x7f000001', '127.1', '0'],
  ...['localhost/foo', 'localhost#', 'localhost?', '127.0.0.1.evil.example', 'localhost.evil.example'],
  ...['localhost.', ' localhost', 'localhost:', '[::1', '::1', '[::ffff:127.0.0.1]', '', '0.0.0.0'],
  ...['localhost:80:80', 'ⓛocalhost', '127.0.0.1\\@evil'],
]) {
  test(`the admin API refuses the host '${host}'`, () => {
    assert.ok(guardAdmin({ remoteAddress: '127.0.0.1', headers: { host } }, undefined) !== undefined);
    const headers = { ...HERE, origin: `http://${host}` };
    assert.ok(guardAdmin({ remoteAddress: '127.0.0.1', headers }, undefined) !== undefined);
  });
}

for (const name of [
  ...['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-anything'],
  ...['cf-connecting-ip', 'true-client-ip', 'x-envoy-external-address', 'x-forwarded'],
]) {
  test(`a call with the header ${name} does not count as local`, () => {
    const headers = { ...HERE, [name]: '' };
    assert.ok(guardAdmin({ remoteAddress: '127.0.0.1', headers }, undefined) !== undefined);
  });
}

for (const origin of [
  'null',
  'http://evil.example',
  'file://',
  'http://localhost/x',
  'https://x@localhost',
]) {
  test(`a page from '${origin}' is refused`, () => {
    const headers = { ...HERE, origin };
    assert.ok(guardAdmin({ remoteAddress: '127.0.0.1', headers }, undefined) !== undefined);
  });
}
