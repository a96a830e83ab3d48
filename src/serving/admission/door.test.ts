import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../../base/errors.ts';
import { Door } from './door.ts';

test('refusals are prepared together with different times to retry, and counted when they are renewed', () => {
  const door = new Door();
  let made = 0;
  const next = () => refuse('PREDICTED_LATE', 'late', ++made);
  assert.equal(door.isPrepared, false);
  door.prepare(next);
  const used = Array.from({ length: 17 }, () => door.refuse());
  assert.equal(made, 8);
  assert.equal(new Set(used).size, 8, 'the same objects again');
  assert.ok(used.every(({ isPrepared }) => isPrepared === true));
  assert.equal(new Set(used.map(({ retryAfterMs }) => retryAfterMs)).size, 8);
  const group = door.renew();
  assert.deepEqual([group.requests, group.refusal === used[0]], [17, true]);
  assert.equal(door.isPrepared, false);
  door.prepare(next);
  assert.equal(made, 16);
  assert.equal(door.renew().requests, 0);
});

test('one late request in 32 is read all the same', () => {
  const door = new Door();
  const passed = Array.from({ length: 320 }, () => door.passes()).filter(Boolean);
  assert.equal(passed.length, 10);
});
