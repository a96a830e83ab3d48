import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { shuffled } from '../shuffled.ts';
import { accuracyOf, confidentShare, snippetsOf } from './accuracy.ts';
import { classifier, modelFolder } from './classifier.ts';
import { declarationsIn, foreignDeclarations } from './declarations.ts';
import { everydaySentences, noLanguage } from './sentences.ts';

const { languages, biasBucket, bucketCount, featuresOf, languageOf, ngramsOf } = classifier;
const weights = Int8Array.from(readFileSync(new URL(`../../../${modelFolder}/weights.bin`, import.meta.url)));

test('n-grams are up to three characters of a word, with its borders', () => {
  assert.deepEqual([...ngramsOf('Öl')], ['_', 'ö', 'l', '_', '_ö', 'öl', 'l_', '_öl', 'öl_']);
});

test('n-grams depend on letters only: not on case, punctuation, digits or the way an accent is encoded', () => {
  assert.deepEqual([...ngramsOf('¡C’est 1 CAFÉ!')], [...ngramsOf("c'est cafe\u0301")]);
});

test('n-grams consist of whole characters beyond the basic plane', () => {
  assert.deepEqual([...ngramsOf('𐐨')], ['_', '𐐨', '_', '_𐐨', '𐐨_', '_𐐨_']);
});

test('features are a vector of length 1 and the bias, in buckets that exist', () => {
  const { [biasBucket]: bias, ...ngrams } = Object.fromEntries(featuresOf('All human beings are born free'));
  assert.equal(bias, 1);
  assert.ok(Math.abs(Math.hypot(...Object.values(ngrams)) - 1) < 1e-9);
  assert.ok(Object.keys(ngrams).every((bucket) => Number(bucket) < bucketCount));
});

test('a repeated text has the same features, and one without letters only the bias', () => {
  const once = featuresOf('human rights');
  for (const [bucket, value] of featuresOf('Human rights! Human rights!')) {
    assert.ok(Math.abs(value - (once.get(bucket) ?? 0)) < 1e-9);
  }
  assert.deepEqual([...featuresOf('12345 ?!')], [[biasBucket, 1]]);
});

test('the buckets of n-grams do not change: the stored weights rely on them', () => {
  assert.deepEqual([...featuresOf('ab').keys()], [0, 11639, 8501, 9214, 4748, 8065, 8090, 1378, 1281]);
});

test('the weights fit the buckets and classes', () => {
  assert.equal(weights.length, bucketCount * (languages.length + 1));
});

test('the model names the language of held-out articles', () => {
  const random = seededRandom('classifier.test');
  for (const [index, { heldOut }] of declarationsIn(languages).entries()) {
    const language = languages[index] as string;
    for (const [length, least] of [
      [20, 0.9],
      [40, 0.95],
      [80, 0.99],
    ] as const) {
      const { right } = accuracyOf(weights, language, snippetsOf(heldOut, length, 100, random));
      assert.ok(right >= least, `${language}, ${length} characters: ${right}`);
    }
  }
});

test('the model names the language of everyday sentences', () => {
  const shares = languages.map((language) =>
    accuracyOf(weights, language, everydaySentences[language] ?? []),
  );
  const average = shares.reduce((total, { right }) => total + right, 0) / languages.length;
  assert.ok(average >= 0.95, `${average}`);
});

test('the model is not confident in text of other languages, in scrambled letters and gibberish', () => {
  const random = seededRandom('classifier.test');
  for (const { code, training } of foreignDeclarations(languages).heldOut) {
    const share = confidentShare(weights, snippetsOf(training, 40, 100, random));
    assert.ok(share <= 0.05, `${code}: ${share}`);
  }
  for (const { code, heldOut } of declarationsIn(languages)) {
    const snippets = snippetsOf(heldOut, 40, 50, random);
    const share = confidentShare(
      weights,
      snippets.map((snippet) => shuffled([...snippet], random).join('')),
    );
    assert.ok(share <= 0.05, `scrambled ${code}: ${share}`);
  }
  assert.equal(confidentShare(weights, noLanguage), 0);
  assert.ok(languageOf('zzzz qqq 12345', weights).confidence < 0.1);
});
