import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenOverflows } from './listen-overflows.ts';

test('the counter is found by its name, not by its place', () => {
  const text = [
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops',
    'TcpExt: 1 27 28',
    'IpExt: InNoRoutes',
    'IpExt: 3',
  ];
  assert.equal(
    listenOverflows(() => text.join('\n')),
    27,
  );
});

test('a file without the counter, or without values, gives no number', () => {
  for (const text of [
    '',
    'TcpExt: ListenDrops\nTcpExt: 4',
    'TcpExt: ListenOverflows',
    'IpExt: a\nIpExt: 1',
  ]) {
    assert.equal(
      listenOverflows(() => text),
      undefined,
    );
  }
});

test('where there is no such file there is no number', () => {
  const fail = () => {
    throw new Error('ENOENT');
  };
  assert.equal(listenOverflows(fail), undefined);
});
