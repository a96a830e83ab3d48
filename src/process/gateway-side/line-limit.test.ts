import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { LineLimit } from './line-limit.ts';

test('lines beyond the limit are counted and dropped; the limit restarts every second', () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const limit = new LineLimit(2, clock, (line) => lines.push(line));
  for (const line of ['a', 'b', 'c', 'd']) limit.line(line);
  assert.deepEqual(lines, ['a', 'b']);
  // Reported without a further line.
  clock.advance(1_000);
  assert.deepEqual(lines.slice(2), ['(2 more lines dropped; process.maxLinesPerSecond is 2)']);
  for (const line of ['e', 'f', 'g']) limit.line(line);
  limit.end();
  const rest = ['e', 'f', '(1 more lines dropped; process.maxLinesPerSecond is 2)'];
  assert.deepEqual(lines.slice(3), rest);
  clock.advance(2_000);
  assert.equal(lines.length, 6);
});
