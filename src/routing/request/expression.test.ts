import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileExpression } from './expression.ts';

const SPECIAL = /[\\*|!<>=]/g;
const literals = fc
  .string({ minLength: 1, unit: fc.constantFrom(...'aAbBcé -:.0') })
  .filter((text) => text.trim() === text);
const values = fc.string({ unit: fc.constantFrom(...'aAbBcé -:.0') });
const globs = fc
  .array(fc.constantFrom('a', 'B', 'ab', '.', '*'), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''));
const shortTexts = fc.string({ unit: fc.constantFrom(...'aAbB.'), maxLength: 10 });

function isMatch(source: string, value: string): boolean {
  return compileExpression(source).matches(value);
}

for (const [source, matching, other] of [
  ['de', ['de', 'DE', 'De'], ['', 'den', 'ade']],
  ['de*', ['de', 'de-AT', 'DE-CH'], ['en', 'ade']],
  ['*de', ['de', 'made'], ['den']],
  ['a*b*c', ['abc', 'a-b-b-c'], ['acb', 'ab', 'bc']],
  ['ab*ba', ['abba', 'ab-ba'], ['aba', 'ab', 'ba']],
  ['*', ['', 'x', '>= 1'], []],
  ['de | en', ['de', 'en', 'EN'], ['de | en', 'fr', '']],
  ['!de', ['en', ''], ['de', 'DE']],
  ['!de*|de-AT', ['en', 'de-AT'], ['de', 'de-CH']],
  ['>= 10', ['10', '10.5', '1e3', ' 11 '], ['9', '', ' ', 'ten', '9e0', '10 euro']],
  ['<-1.5', ['-2', '-1e9'], ['-1.5', '0', '', 'NaN']],
  ['> 1', ['1.01'], ['1', '0']],
  ['<= 1', ['1', '0'], ['1.01', 'none', '', ' ']],
  ['= 1', ['1', '1.0', '01'], ['2', 'one', '']],
  ['!= 1', ['2', 'one'], ['1', '1.0']],
  ['!>= 10', ['9', 'ten'], ['10']],
  ['>= 10 | none', ['11', 'none', 'None'], ['9']],
] as const) {
  test(`'${source}' matches ${matching.join(', ')}`, () => {
    for (const value of matching) assert.ok(isMatch(source, value), `'${value}' matches`);
    for (const value of other) assert.ok(!isMatch(source, value), `'${value}' does not match`);
  });
}

test('a backslash takes the special meaning from the character after it', () => {
  assert.ok(isMatch('a\\|b', 'a|b'));
  assert.ok(!isMatch('a\\|b', 'a'));
  assert.ok(isMatch('\\*', '*'));
  assert.ok(!isMatch('\\*', 'a'));
  assert.ok(isMatch('\\!de', '!de'));
  assert.ok(isMatch('\\>= 10', '>= 10'));
  assert.ok(!isMatch('\\>= 10', '11'));
  assert.ok(isMatch('a\\\\b', 'a\\b'));
  assert.ok(isMatch('a\\', 'a\\'), 'the last character');
});

test('only an expression with one possible text has a literal', () => {
  assert.equal(compileExpression(' De ').literal, 'de');
  assert.equal(compileExpression('a\\*').literal, 'a*');
  for (const several of ['de*', 'a | b', '!a', '>= 1', '= 1']) {
    assert.equal(compileExpression(several).literal, undefined, several);
  }
});

test('literal text matches what is equal without regard to case', () => {
  fc.assert(
    fc.property(literals, fc.oneof(values, literals), (text, value) => {
      assert.equal(isMatch(text, value), text.toLowerCase() === value.toLowerCase());
      assert.ok(isMatch(text, text.toUpperCase()));
    }),
  );
});

test('any text is a literal when its special characters have a backslash', () => {
  const texts = fc.string({ minLength: 1 }).filter((text) => text.trim() === text);
  fc.assert(
    fc.property(texts, (text) => {
      const escaped = text.replaceAll(SPECIAL, '\\$&');
      assert.equal(compileExpression(escaped).literal, text.toLowerCase());
      assert.ok(isMatch(escaped, text));
      assert.ok(!isMatch(escaped, `${text}.`));
    }),
  );
});

test('text with * agrees with a regular expression made from it', () => {
  fc.assert(
    fc.property(globs, shortTexts, (glob, value) => {
      const pattern = glob.split('*').map(withoutMeaning).join('.*');
      assert.equal(isMatch(glob, value), new RegExp(`^${pattern}$`, 'is').test(value), `${glob} on ${value}`);
    }),
    { numRuns: 2_000 },
  );
});

function withoutMeaning(text: string): string {
  return text.replaceAll('.', '\\.');
}

test('! matches exactly what the expression after it does not', () => {
  const sources = fc.oneof(globs, literals, fc.constantFrom('> 1', '<= 0', '!a', '!!b'));
  const some = fc.oneof(shortTexts, fc.constantFrom('', '0', '1', '2.5', 'b'));
  fc.assert(
    fc.property(sources, some, (source, value) => {
      assert.notEqual(isMatch(`!${source}`, value), isMatch(source, value));
    }),
  );
});

test('| matches what either side matches', () => {
  fc.assert(
    fc.property(globs, globs, shortTexts, (one, other, value) => {
      assert.equal(isMatch(`${one}|${other}`, value), isMatch(one, value) || isMatch(other, value));
    }),
  );
});

test('many stars take no longer than linear time for each', () => {
  const started = performance.now();
  const expression = compileExpression(`${'a*'.repeat(200)}b`);
  assert.ok(!expression.matches('a'.repeat(10_000)));
  assert.ok(expression.matches(`${'a'.repeat(10_000)}b`));
  assert.ok(!compileExpression(`${'*aab'.repeat(200)}*`).matches('aa'.repeat(5_000)));
  assert.ok(performance.now() - started < 500, `${performance.now() - started} ms`);
});
