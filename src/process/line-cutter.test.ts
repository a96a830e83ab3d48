import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineCutter } from './line-cutter.ts';

function cut(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  for (const chunk of chunks) cutter.push(Buffer.from(chunk as string));
  cutter.end();
  return lines;
}

test('lines come out whole however they arrive', () => {
  assert.deepEqual(cut('a\nb', 'c\r\n', '\nd'), ['a', 'bc', '', 'd']);
  const bytes = Buffer.from('grüße\n');
  assert.deepEqual(cut(bytes.subarray(0, 3), bytes.subarray(3)), ['grüße']);
});

test('a line that does not end is cut, and nothing of it is kept', () => {
  const lines = cut('x'.repeat(20_000), 'y'.repeat(5), `\n${'z'.repeat(9_000)}\n`);
  assert.ok(lines.every((line) => line.length <= 8_192));
  assert.equal(lines.join(''), `${'x'.repeat(20_000)}yyyyy${'z'.repeat(9_000)}`);
});
