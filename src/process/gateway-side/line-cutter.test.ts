import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineCutter } from './line-cutter.ts';

function cut(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const cutter = new LineCutter(100, (line) => lines.push(line));
  for (const chunk of chunks) cutter.push(Buffer.from(chunk as string));
  cutter.end();
  return lines;
}

test('lines are reassembled from any chunks', () => {
  assert.deepEqual(cut('a\nb', 'c\r\n', '\nd'), ['a', 'bc', '', 'd']);
  const bytes = Buffer.from('grüße\n');
  assert.deepEqual(cut(bytes.subarray(0, 3), bytes.subarray(3)), ['grüße']);
});

test('the excess of a long line is dropped and counted', () => {
  const lines = cut('x'.repeat(20_000), 'y'.repeat(5), `\n${'z'.repeat(100)}\r\n${'z'.repeat(101)}\nend`);
  const cutX = `${'x'.repeat(100)}… (19905 more characters)`;
  assert.deepEqual(lines, [cutX, 'z'.repeat(100), `${'z'.repeat(100)}… (1 more characters)`, 'end']);
});
