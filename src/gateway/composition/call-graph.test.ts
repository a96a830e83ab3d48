import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CallGraph } from './call-graph.ts';

test('a call that would close a circle is refused with the whole circle, and is not remembered', () => {
  const graph = new CallGraph();
  assert.equal(graph.add('a', 'b'), undefined);
  assert.equal(graph.add('b', 'c'), undefined);
  assert.deepEqual(graph.add('c', 'a'), ['c', 'a', 'b', 'c']);
  assert.deepEqual(graph.add('a', 'a'), ['a', 'a']);
  assert.equal(graph.add('a', 'b'), undefined);
  // The next a does not call b.
  graph.forget('a');
  assert.equal(graph.add('c', 'a'), undefined);
});

test('whatever calls are tried, those that are allowed have an order', () => {
  const call = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 }));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const graph = new CallGraph();
      const allowed = calls.filter(([from, to]) => graph.add(String(from), String(to)) === undefined);
      const left = new Set(allowed.flat());
      for (let before = -1; before !== left.size; ) {
        before = left.size;
        for (const one of left)
          if (allowed.every(([from, to]) => from !== one || !left.has(to))) left.delete(one);
      }
      assert.equal(left.size, 0);
    }),
  );
});
