import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { ExperimentSettings } from '../../config/experiment-settings.ts';
import { type Conclusion, conclusionOf } from './experiment-conclusion.ts';
import { addOutcome, NO_OUTCOMES, type Outcomes } from './outcomes.ts';

const SETTINGS = ExperimentSettings.parse({ control: 'a' });

/** Outcomes of 1 and 0. */
function hits(hitCount: number, count = 10_000): Outcomes {
  return { count, mean: hitCount / count, squares: hitCount * (1 - hitCount / count) };
}

function concluded(
  outcomes: Readonly<Record<string, Outcomes>>,
  settings: Partial<ExperimentSettings> = {},
): Conclusion {
  return conclusionOf({ ...SETTINGS, ...settings }, new Map(Object.entries(outcomes)));
}

test('a variant that is better than the control wins', () => {
  const { winner, words, comparisons } = concluded({ a: hits(1_000), b: hits(1_500) });
  assert.equal(winner, 'b');
  assert.match(words, /^b is better than a by 0\.05, at least by 0\.03\d* \(at 95 % confidence\)$/);
  assert.equal(comparisons.length, 1);
  assert.equal(comparisons[0]?.result, 'better');
});

test('of several that are better, the best wins, also where lower values are better', () => {
  const outcomes = { a: hits(2_000), b: hits(2_500), c: hits(3_000), d: hits(1_500), e: hits(1_000) };
  assert.equal(concluded(outcomes).winner, 'c');
  const { winner, words } = concluded(outcomes, { goal: 'lower' });
  assert.equal(winner, 'e');
  assert.match(words, /^e is better than a by 0\.1, at least by 0\.08/);
});

test('the control wins only when every other variant is worse', () => {
  const all = concluded({ a: hits(2_000), b: hits(1_500), c: hits(1_000) });
  assert.equal(all.winner, 'a');
  assert.equal(all.words, 'a, the control, is better than every other variant (at 95 % confidence)');
  const some = concluded({ a: hits(2_000), b: hits(1_500), c: hits(2_001) });
  assert.equal(some.winner, undefined);
  assert.match(
    some.words,
    /^undecided: c − a is between -0\.0\d+ and 0\.0\d+; b is worse \(at 95 % confidence\)$/,
  );
});

test('nothing is concluded before each variant has enough values', () => {
  const { winner, words } = concluded({ a: hits(50, 99), b: hits(1, 1_000), c: NO_OUTCOMES });
  assert.equal(winner, undefined);
  assert.equal(words, 'undecided: a has 99, c has 0 of 100 reported values');
});

test('a variant without values does not hold up one that is better', () => {
  assert.equal(concluded({ a: hits(1_000), b: hits(1_500), c: NO_OUTCOMES }).winner, 'b');
});

test('while all values are equal, the bounds are infinite', () => {
  const { winner, words } = concluded({ a: hits(0), b: hits(0) });
  assert.equal(winner, undefined);
  assert.equal(words, 'undecided: b − a is between −∞ and ∞ (at 95 % confidence)');
});

test('the level is shared among the variants', () => {
  const [a, b] = [hits(1_000), hits(1_100)];
  const widthWith = (more: Readonly<Record<string, Outcomes>>) => {
    const found = concluded({ a, b, ...more }).comparisons.find(({ variant }) => variant === 'b');
    return (found?.high ?? 0) - (found?.low ?? 0);
  };
  assert.ok(widthWith({ c: a, d: a }) > widthWith({ c: a }));
  assert.ok(widthWith({ c: a }) > widthWith({}));
});

test('where variants are alike, at most 5 % of experiments find a winner at any look', () => {
  const runs = 200;
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    const random = seededRandom(`alike ${run}`);
    const outcomes = { a: NO_OUTCOMES, b: NO_OUTCOMES, c: NO_OUTCOMES };
    for (let step = 1; step <= 2_000; step++) {
      for (const name of ['a', 'b', 'c'] as const) {
        outcomes[name] = addOutcome(outcomes[name], random.unit() < 0.2 ? 1 : 0);
      }
      if (step % 50 !== 0 || concluded(outcomes).winner === undefined) continue;
      wrong += 1;
      break;
    }
  }
  assert.ok(wrong <= runs * 0.05, `${wrong}`);
});
