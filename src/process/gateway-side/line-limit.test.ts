import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { LineLimit } from './line-limit.ts';

test('beyond the bound lines are counted instead of told, and every second begins anew', () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const limit = new LineLimit(2, clock, (line) => lines.push(line));
  for (const line of ['a', 'b', 'c', 'd']) limit.line(line);
  assert.deepEqual(lines, ['a', 'b']);
  // Whether another line comes or not.
  clock.advance(1_000);
  assert.deepEqual(lines.slice(2), ['(2 more lines were left out: no more than 2 a second are logged)']);
  for (const line of ['e', 'f', 'g']) limit.line(line);
  limit.end();
  const rest = ['e', 'f', '(1 more lines were left out: no more than 2 a second are logged)'];
  assert.deepEqual(lines.slice(3), rest);
  clock.advance(2_000);
  assert.equal(lines.length, 6);
});
