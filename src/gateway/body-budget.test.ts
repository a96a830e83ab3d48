import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyBudget, type BodyReservation } from './body-budget.ts';

/** A holder that is never asked to give way. */
const OWNER = { giveWay: () => {} };
const MEBIBYTE = 1024 * 1024;

test('a budget holds at most its limit, counts what it holds, and releases all of it', () => {
  const step = fc.record({
    body: fc.nat(19),
    bytes: fc.nat(MEBIBYTE),
    kind: fc.constantFrom('grow', 'arrive', 'end'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(0.3, 0.75, 1), (steps, share) => {
      const budget = new BodyBudget({ maxBytes: 4 * MEBIBYTE, share });
      const open = new Map<number, BodyReservation>();
      for (const { body, bytes, kind } of steps) {
        const it =
          open.get(body) ?? budget.open(`holder ${body % 3}`, { giveWay: () => void open.delete(body) });
        open.set(body, it);
        if (kind === 'grow' && it.isArriving) it.cover(it.bytes + bytes);
        if (kind === 'arrive') it.arrived();
        if (kind === 'end') {
          it.release();
          open.delete(body);
        }
        const held = [...open.values()].reduce((sum, other) => sum + other.bytes, 0);
        assert.equal(budget.bytes, held);
        assert.ok(budget.bytes <= 4 * MEBIBYTE);
        assert.equal(budget.bodies, [...open.values()].filter((other) => other.bytes > 0).length);
        assert.equal(
          budget.top(9).reduce((sum, holder) => sum + holder.bytes, 0),
          held,
        );
      }
      for (const it of open.values()) it.release();
      assert.deepEqual([budget.bytes, budget.bodies, budget.top(9)], [0, 0, []]);
    }),
  );
});

test('one holder leaves space for others, whose bodies are admitted', () => {
  const budget = new BodyBudget({ maxBytes: 100 * MEBIBYTE, share: 0.5 });
  const [first, second] = [budget.open('a', OWNER), budget.open('a', OWNER)];
  assert.equal(first.cover(40 * MEBIBYTE), undefined);
  first.arrived();
  assert.equal(second.cover(20 * MEBIBYTE), 'share');
  assert.equal(second.cover(10 * MEBIBYTE), undefined);
  assert.equal(budget.open('b', OWNER).cover(20 * MEBIBYTE), undefined);
  assert.equal(second.cover(10 * MEBIBYTE + 1), 'share');
  assert.equal(budget.open('a', OWNER).cover(1_000), undefined, 'a small body still fits');
});

test('a single body may be as large as the budget', () => {
  const budget = new BodyBudget({ maxBytes: 100, share: 0.1 });
  assert.equal(budget.open('a', OWNER).cover(100), undefined);
});

test('the largest arriving body of the largest holder gives way to a smaller one; a complete body does not', () => {
  const budget = new BodyBudget({ maxBytes: 10 * MEBIBYTE, share: 1 });
  const ended: string[] = [];
  const open = (holder: string, name: string, bytes: number) => {
    const it = budget.open(holder, { giveWay: () => void ended.push(name) });
    assert.equal(it.cover(bytes), undefined);
    return it;
  };
  open('a', 'whole', 4 * MEBIBYTE).arrived();
  open('a', 'large', 3 * MEBIBYTE);
  open('a', 'small', MEBIBYTE);
  open('b', 'other', 2 * MEBIBYTE);
  open('c', 'new', MEBIBYTE);
  assert.deepEqual(ended, ['large']);
  assert.equal(budget.open('c', OWNER).cover(9 * MEBIBYTE), 'budget');
});
