import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineLimit } from './line-limit.ts';

test('beyond the bound lines are counted instead of told, and every second begins anew', () => {
  let now = 0;
  const lines: string[] = [];
  const limit = new LineLimit(
    2,
    () => now,
    (line) => lines.push(line),
  );
  for (const line of ['a', 'b', 'c', 'd']) limit.line(line);
  assert.deepEqual(lines, ['a', 'b']);
  now = 1_000;
  limit.line('e');
  assert.deepEqual(lines.slice(2), ['(2 more lines were left out: no more than 2 a second are logged)', 'e']);
  for (const line of ['f', 'g']) limit.line(line);
  limit.end();
  assert.deepEqual(lines.slice(4), ['f', '(1 more lines were left out: no more than 2 a second are logged)']);
});
