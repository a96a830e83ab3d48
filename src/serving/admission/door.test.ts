import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../../base/errors.ts';
import { Door } from './door.ts';

test('refusals are prepared together with different times to retry, and renewed after a while', () => {
  const door = new Door();
  let prepared = 0;
  const groups: number[] = [];
  const refuseAt = (now: number) =>
    door.refuse(
      now,
      () => refuse('PREDICTED_LATE', 'late', ++prepared),
      (_refusal, requests) => groups.push(requests),
    );
  const first = Array.from({ length: 16 }, () => refuseAt(0));
  assert.equal(prepared, 8);
  assert.equal(new Set(first).size, 8, 'the same objects again');
  assert.ok(first.every(({ isPrepared }) => isPrepared === true));
  assert.equal(new Set(first.map(({ retryAfterMs }) => retryAfterMs)).size, 8);
  refuseAt(19);
  assert.equal(prepared, 8);
  refuseAt(20);
  assert.equal(prepared, 16);
  assert.deepEqual(groups, [17]);
});

test('one late request in 32 is read all the same', () => {
  const door = new Door();
  const passed = Array.from({ length: 320 }, () => door.passes()).filter(Boolean);
  assert.equal(passed.length, 10);
});
