import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/random.ts';
import { NO_OUTCOMES, type Outcomes } from './outcomes.ts';
import { type ThompsonTerms, thompsonShares } from './thompson.ts';

const TERMS: ThompsonTerms = { goal: 'higher', draws: 2_000, floor: 0 };

function hits(hitCount: number, count: number): Outcomes {
  return { count, mean: hitCount / count, squares: hitCount * (1 - hitCount / count) };
}

function sharesOf(outcomes: readonly Outcomes[], terms: Partial<ThompsonTerms> = {}): number[] {
  return thompsonShares(outcomes, { ...TERMS, ...terms }, seededRandom('thompson'));
}

function near(got: readonly number[], wanted: readonly number[], within: number) {
  assert.equal(got.length, wanted.length);
  assert.ok(
    got.every((each, index) => Math.abs(each - (wanted[index] ?? 0)) <= within),
    `${got}, wanted ${wanted}`,
  );
}

test('shares add up to 1, and none is below the floor', () => {
  const some = fc.oneof(
    fc.constant(NO_OUTCOMES),
    fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 200 })).map(([hit, missed]) => hits(hit, hit + missed)),
  );
  const floors = fc.double({ min: 0, max: 0.2, noNaN: true });
  const goals = fc.constantFrom<ThompsonTerms['goal']>('higher', 'lower');
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 5 }), floors, goals, (outcomes, floor, goal) => {
      const shares = sharesOf(outcomes, { floor, goal, draws: 20 });
      assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9, `${shares}`);
      assert.ok(
        shares.every((share) => share >= floor - 1e-9),
        `${shares}`,
      );
    }),
  );
});

test('a share is the probability that the variant is the best', () => {
  // Two standard deviations of the difference apart: the normal distribution is below 2 with probability 0.977.
  const [a, b] = [hits(500, 5_000), hits(500 + 60, 5_000)];
  const deviation = Math.sqrt(2 * 0.106 * 0.894 * 5_000);
  assert.ok(Math.abs(60 / deviation - 2) < 0.1, 'about 2');
  near(sharesOf([a, b]), [0.027, 0.973], 0.01);
  near(sharesOf([a, b], { goal: 'lower' }), [0.973, 0.027], 0.01);
});

test('variants whose outcomes are alike have like shares', () => {
  const alike = hits(100, 1_000);
  near(sharesOf([alike, alike]), [0.5, 0.5], 0.05);
  near(sharesOf([alike, { ...alike }, alike]), [1 / 3, 1 / 3, 1 / 3], 0.05);
});

test('the floor is kept, and what is left goes by the draws', () => {
  near(sharesOf([hits(100, 1_000), hits(500, 1_000)], { floor: 0.1 }), [0.1, 0.9], 1e-12);
});

test('floors that do not fit become equal shares', () => {
  near(sharesOf([hits(100, 1_000), hits(500, 1_000)], { floor: 0.7 }), [0.5, 0.5], 1e-12);
});

test('a variant with few outcomes has an equal share, and the others divide the rest', () => {
  near(sharesOf([NO_OUTCOMES, NO_OUTCOMES]), [0.5, 0.5], 1e-12);
  near(sharesOf([hits(100, 1_000), hits(500, 1_000), hits(0, 19)]), [0, 2 / 3, 1 / 3], 1e-12);
  near(sharesOf([hits(100, 1_000), hits(900, 1_000), hits(0, 20)]), [0, 1, 0], 0.01);
});

test('no hit in a few outcomes does not rule a variant out', () => {
  const [rare] = sharesOf([hits(0, 30), hits(100, 5_000)]);
  assert.ok(rare !== undefined && rare > 0.1, `${rare}`);
});

test('where every outcome is the same number, shares are equal', () => {
  near(sharesOf([hits(0, 1_000), hits(0, 50)]), [0.5, 0.5], 1e-12);
});

test('the same seed gives the same shares', () => {
  const outcomes = [hits(100, 1_000), hits(110, 1_000)];
  assert.deepEqual(sharesOf(outcomes), sharesOf(outcomes));
});
