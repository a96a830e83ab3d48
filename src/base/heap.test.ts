import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap, type HeapItem } from './heap.ts';

interface Item extends HeapItem {
  readonly value: number;
}

test('items pop in order after any removals from the middle', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer(), fc.boolean())), (pairs) => {
      const heap = new Heap<Item>((a, b) => a.value < b.value);
      const items = pairs.map(([value]) => ({ value, heapIndex: -1 }));
      for (const item of items) heap.push(item);
      const kept = items.filter((_, index) => pairs[index]?.[1]);
      for (const item of items) if (!kept.includes(item)) heap.remove(item);
      const popped: number[] = [];
      for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item.value);
      assert.deepEqual(
        popped,
        kept.map((item) => item.value).sort((a, b) => a - b),
      );
    }),
  );
});

test('removing an item that is not in the heap does nothing', () => {
  const heap = new Heap<Item>((a, b) => a.value < b.value);
  const item = { value: 1, heapIndex: -1 };
  heap.push(item);
  heap.remove(item);
  heap.remove(item);
  assert.equal(heap.size, 0);
});
