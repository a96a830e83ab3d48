import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestBytes } from './request-bytes.ts';

const target = { host: '127.0.0.1', port: 8080 };

test('a request with a body has a host and a content-length header', () => {
  const headers = { 'content-type': 'application/json' };
  const bytes = requestBytes({ method: 'POST', path: '/v2', headers, body: Buffer.from('{"ü":1}') }, target);
  assert.equal(
    bytes.toString(),
    'POST /v2 HTTP/1.1\r\nhost: 127.0.0.1:8080\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"ü":1}',
  );
});

test('only a request with a body, even an empty one, has a content-length', () => {
  assert.doesNotMatch(requestBytes({ method: 'GET', path: '/' }, target).toString(), /content-length/);
  const empty = requestBytes({ method: 'POST', path: '/', body: Buffer.alloc(0) }, target);
  assert.match(empty.toString(), /content-length: 0\r\n\r\n$/);
});

test('the caller can set the host header, and an IPv6 address is put in brackets', () => {
  const named = requestBytes({ method: 'GET', path: '/', headers: { Host: 'model.example' } }, target);
  assert.deepEqual(named.toString().match(/host: .*/gi), ['Host: model.example']);
  assert.match(
    requestBytes({ method: 'GET', path: '/' }, { host: '::1', port: 1 }).toString(),
    /host: \[::1\]:1\r/,
  );
});

test('input that is not one request, or whose answer cannot be parsed, is refused', () => {
  const refused = (request: object) =>
    assert.throws(() => requestBytes({ method: 'GET', path: '/', ...request }, target));
  refused({ method: 'HEAD' });
  refused({ method: 'CONNECT' });
  refused({ method: 'GET / HTTP/1.1\r\n' });
  refused({ path: '/a b' });
  refused({ path: '' });
  refused({ headers: { 'x: y\r\nz': '1' } });
  refused({ headers: { x: '1\r\ny: 2' } });
  refused({ headers: { 'Content-Length': '1' } });
  refused({ headers: { 'Transfer-Encoding': 'chunked' } });
});
