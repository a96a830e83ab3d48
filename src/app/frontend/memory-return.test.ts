import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { MemoryReturn } from './memory-return.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** The number of collections while `free` bytes are freed every `everyMs`, for so long and ten seconds afterwards. */
function collections(bytes: number, everyMs: number, forMs: number): number {
  const clock = new VirtualClock();
  let count = 0;
  const memory = new MemoryReturn(clock, () => {
    count += 1;
  });
  for (let at = 0; at < forMs; at += everyMs) {
    memory.freed(bytes);
    clock.advance(everyMs);
  }
  clock.advance(10_000);
  return count;
}

test('small bodies cause no collection, however many there are', () => {
  assert.equal(collections(3 * KIBIBYTE, 0.1, 10_000), 0);
});

test('large bodies cause at most one collection a second', () => {
  const count = collections(5 * MEBIBYTE, 10, 10_000);
  assert.ok(count >= 5 && count <= 11, `${count}`);
});

test('a trickle of large bodies causes few collections', () => {
  const count = collections(512 * KIBIBYTE, 300, 19_200);
  assert.ok(count >= 2 && count <= 4, `${count} for 32 MiB`);
});

test('what is freed while a collection waits is collected too', () => {
  const clock = new VirtualClock();
  let count = 0;
  const memory = new MemoryReturn(clock, () => {
    count += 1;
  });
  memory.freed(20 * MEBIBYTE);
  clock.advance(900);
  memory.freed(10 * MEBIBYTE);
  clock.advance(200);
  assert.equal(count, 1);
  clock.advance(1_000);
  assert.equal(count, 2);
  clock.advance(60_000);
  assert.equal(count, 2);
});
