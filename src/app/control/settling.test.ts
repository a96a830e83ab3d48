import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settling } from './settling.ts';

const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

test('files are taken over once they have not changed for some time', () => {
  const settling = new Settling(100);
  assert.deepEqual(settling.look(0, files({ a: '1' })), { settled: [], changing: ['a'] });
  assert.deepEqual(settling.look(50, files({ a: '2' })), { settled: [], changing: ['a'] });
  assert.deepEqual(settling.look(149, files({ a: '2' })), { settled: [], changing: ['a'] });
  assert.deepEqual(settling.look(150, files({ a: '2' })), { settled: ['a'], changing: [] });
  assert.deepEqual(settling.look(400, files({ a: '2' })), { settled: [], changing: [] });
  assert.equal(settling.isChanging, false);
});

test('a model that is being copied does not hold up another one', () => {
  const settling = new Settling(100);
  settling.look(0, files({ slow: '1', quick: '1' }));
  assert.deepEqual(settling.look(100, files({ slow: '2', quick: '1' })), {
    settled: ['quick'],
    changing: ['slow'],
  });
});

test('files that are deleted and come back as they were have changed', () => {
  const settling = new Settling(100);
  settling.look(0, files({ a: '1' }));
  settling.look(100, files({ a: '1' }));
  assert.deepEqual(settling.look(200, files({})), { settled: [], changing: ['a'] });
  settling.look(250, files({ a: '1' }));
  assert.deepEqual(settling.look(350, files({ a: '1' })), { settled: ['a'], changing: [] });
});

test('files that never rest are taken over after 5 s', () => {
  const settling = new Settling(100);
  let settledAt: number | undefined;
  for (let at = 0; settledAt === undefined; at += 50) {
    if (settling.look(at, files({ a: String(at) })).settled.length > 0) settledAt = at;
  }
  assert.equal(settledAt, 5_000);
});
