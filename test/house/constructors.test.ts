import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
const MOST = 3;
/** Made for every timer: a group of its parameters would be one more object. */
const EXEMPT = ['base/clock.ts'];

/** The parameters of each constructor, split where a comma is in no bracket. */
function constructorsOf(text: string): string[][] {
  return [...text.matchAll(/^ {2}constructor\(/gm)].map(({ index, 0: start }) => {
    const parameters = [''];
    let depth = 0;
    for (const sign of text.slice(index + start.length)) {
      if ('([{<'.includes(sign)) depth += 1;
      if (')]}'.includes(sign) || (sign === '>' && !parameters.at(-1)?.endsWith('='))) depth -= 1;
      if (depth < 0) break;
      if (sign === ',' && depth === 0) parameters.push('');
      else parameters[parameters.length - 1] += sign;
    }
    return parameters.map((each) => each.trim()).filter((each) => each !== '');
  });
}

test('constructors take at most three things: more are grouped by meaning, or belong to two classes', () => {
  let count = 0;
  const large: string[] = [];
  for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    for (const parameters of constructorsOf(readFileSync(join(SRC, file), 'utf8'))) {
      count += 1;
      if (parameters.length > MOST) large.push(file);
    }
  }
  assert.ok(count > 100, `only ${count} constructors were found`);
  assert.deepEqual(large, EXEMPT);
});
