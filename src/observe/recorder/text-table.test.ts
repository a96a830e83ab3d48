import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextTable } from './text-table.ts';

test('a text keeps its number while it is used, and a full table adds no text', () => {
  const table = new TextTable({ texts: 4, bytes: 1_000 });
  const [a, b, c] = ['a', 'b', 'c'].map((text, place) => table.idOf(text, place));
  assert.equal(table.idOf('d', 3), undefined);
  table.idOf('a', 4);
  table.forgetBefore(2);
  assert.deepEqual([table.idOf('a', 5), table.idOf('c', 5)], [a, c]);
  assert.equal(table.idOf('d', 5), b, 'the number of a removed text is reused');
  assert.equal(table.texts[b as number], 'd');
});

test('texts are bounded in bytes, and a pinned text stays', () => {
  const table = new TextTable({ texts: 100, bytes: 20 });
  const pinned = table.pin('p'.repeat(50));
  assert.equal(table.idOf('x'.repeat(11), 0), undefined);
  assert.notEqual(table.idOf('x'.repeat(10), 0), undefined);
  table.forgetBefore(10);
  assert.equal(table.pin('p'.repeat(50)), pinned);
  assert.notEqual(table.idOf('y'.repeat(10), 10), undefined);
});

test('a number in use always stands for its text', () => {
  const use = fc.record({ text: fc.string({ maxLength: 3 }), forget: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
      const table = new TextTable({ texts: 8, bytes: 40 });
      const used: { id: number; text: string }[] = [];
      let first = 0;
      for (const { text, forget } of uses) {
        if (forget === 0) {
          first = Math.floor((first + used.length) / 2);
          table.forgetBefore(first);
        }
        const id = table.idOf(text, used.length);
        if (id !== undefined) used.push({ id, text });
        for (const each of used.slice(first)) assert.equal(table.texts[each.id], each.text);
      }
    }),
  );
});
