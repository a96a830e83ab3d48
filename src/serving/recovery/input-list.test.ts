import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { InputList } from './input-list.ts';

function request(...values: number[]): InferenceRequest {
  const data = bytesOf(Uint8Array.from(values));
  const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [1, values.length], data }];
  return { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

test('an input is listed until it expires, and others of the same form are not', () => {
  const clock = new VirtualClock();
  const list = new InputList(clock, { denyMs: 1000, denyEntries: 10 });
  list.add(request(1, 2));
  assert.equal(list.has(request(1, 2)), true);
  assert.equal(list.has(request(2, 1)), false);
  assert.equal(list.has(request(1)), false);
  assert.equal(list.has({ ...request(1, 2), parameters: { a: 1 } }), false);
  assert.equal(list.has({ ...request(1, 2), parameters: { a: 2n ** 64n, b: [{}] } }), false);
  clock.advance(1000);
  assert.equal(list.has(request(1, 2)), false);
  assert.equal(list.size, 0);
});

test('the list is bounded: the oldest inputs are removed', () => {
  const list = new InputList(new VirtualClock(), { denyMs: 1000, denyEntries: 2 });
  for (const value of [1, 2, 3, 3]) list.add(request(value));
  assert.equal(list.size, 2);
  assert.equal(list.has(request(1)), false);
  assert.equal(list.has(request(3)), true);
});

test('a removed input is not listed any more', () => {
  const list = new InputList(new VirtualClock(), { denyMs: 1000, denyEntries: 10 });
  for (const value of [1, 2]) list.add(request(value));
  list.remove(request(1));
  list.remove(request(7));
  assert.deepEqual([list.size, list.has(request(1)), list.has(request(2))], [1, false, true]);
});
