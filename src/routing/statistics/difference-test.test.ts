import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/random.ts';
import { type DifferenceTerms, testDifference } from './difference-test.ts';
import { addOutcome, NO_OUTCOMES, type Outcomes } from './outcomes.ts';

const TERMS: DifferenceTerms = { goal: 'higher', level: 0.05, minimumEffect: undefined, minOutcomes: 100 };

/** Outcomes of 1 and 0. */
function hits(hitCount: number, count: number): Outcomes {
  return { count, mean: hitCount / count, squares: hitCount * (1 - hitCount / count) };
}

const someHits = fc
  .tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 100, max: 5_000 }))
  .map(([some, more]) => hits(some, some + more));

function near(got: number, wanted: number, what: string) {
  assert.ok(
    Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
    `${what} ${got}, wanted ${wanted}`,
  );
}

/** How much likelier a normal mixture of effects makes an estimate than no effect does, by numerical integration. */
function mixtureRatio(estimate: number, variance: number, effect: number): number {
  const step = effect / 500;
  let sum = 0;
  for (let mean = -12 * effect; mean <= 12 * effect; mean += step) {
    const likelihood = Math.exp((estimate * mean - (mean * mean) / 2) / variance);
    sum += (likelihood * Math.exp(-((mean / effect) ** 2) / 2) * step) / (effect * Math.sqrt(2 * Math.PI));
  }
  return sum;
}

test('0 is at the edge of the bounds where the mixture of alternatives is 1 / level times likelier', () => {
  for (const [level, effect, count] of [
    [0.05, 0.02, 2_000],
    [0.01, 0.05, 400],
    [0.05, 0.1, 10_000],
  ] as const) {
    const control = hits(count / 10, count);
    const { low, high } = testDifference(control, control, { ...TERMS, level, minimumEffect: effect });
    near(low, -high, 'low');
    const variance = (2 * control.squares) / (count - 1) / count;
    const ratio = mixtureRatio(high, variance, effect);
    assert.ok(Math.abs(ratio * level - 1) < 1e-6, `${ratio}, wanted ${1 / level}`);
  }
});

test('the result says where the bounds are, and in which direction the goal is', () => {
  const [few, many] = [hits(100, 1_000), hits(200, 1_000)];
  for (const [control, variant, goal, wanted] of [
    [few, many, 'higher', 'better'],
    [few, many, 'lower', 'worse'],
    [many, few, 'higher', 'worse'],
    [many, few, 'lower', 'better'],
    [few, few, 'higher', 'undecided'],
  ] as const) {
    const { estimate, low, high, result } = testDifference(control, variant, { ...TERMS, goal });
    assert.equal(result, wanted);
    near(estimate, variant.mean - control.mean, 'estimate');
    assert.ok(low < estimate && estimate < high);
    assert.equal(result === 'undecided', low <= 0 && high >= 0);
  }
});

test('exchanging the two turns the bounds round', () => {
  fc.assert(
    fc.property(someHits, someHits, (a, b) => {
      const [there, back] = [testDifference(a, b, TERMS), testDifference(b, a, TERMS)];
      near(there.low, -back.high, 'low');
      near(there.high, -back.low, 'high');
    }),
  );
});

test('other units of the outcome change the bounds by the same factor', () => {
  const factors = fc.constantFrom(0.001, 3, 1e6);
  fc.assert(
    fc.property(someHits, someHits, factors, fc.boolean(), (a, b, factor, isGiven) => {
      const scaled = ({ count, mean, squares }: Outcomes) => ({
        ...{ count, mean: factor * mean + 7, squares: factor * factor * squares },
      });
      const terms = (unit: number) => ({ ...TERMS, minimumEffect: isGiven ? 0.02 * unit : undefined });
      const [plain, other] = [
        testDifference(a, b, terms(1)),
        testDifference(scaled(a), scaled(b), terms(factor)),
      ];
      assert.ok(Math.abs(other.low / factor - plain.low) < 1e-6);
      assert.ok(Math.abs(other.high / factor - plain.high) < 1e-6);
    }),
  );
});

test('more certainty takes wider bounds', () => {
  fc.assert(
    fc.property(someHits, someHits, (a, b) => {
      const [usual, surer] = [testDifference(a, b, TERMS), testDifference(a, b, { ...TERMS, level: 0.01 })];
      assert.ok(surer.low < usual.low && surer.high > usual.high);
    }),
  );
});

test('nothing is known before each has its outcomes, and while all outcomes are the same number', () => {
  const unknown = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, result: 'undecided' };
  for (const [control, variant, minOutcomes] of [
    [hits(50, 99), hits(900, 1_000), 100],
    [hits(900, 1_000), hits(50, 99), 100],
    [hits(0, 500), hits(0, 500), 100],
    [hits(500, 500), hits(500, 500), 100],
    [hits(0, 1), hits(1, 1), 0],
    [NO_OUTCOMES, NO_OUTCOMES, 0],
  ] as const) {
    const { estimate, ...rest } = testDifference(control, variant, { ...TERMS, minOutcomes });
    assert.deepEqual(rest, unknown);
    near(estimate, variant.mean - control.mean, 'estimate');
  }
  assert.equal(testDifference(hits(100, 1_000), hits(50, 100), TERMS).result, 'better');
});

test('a few hits are no difference, in neither direction, whichever variance they make small', () => {
  const large = (rate: number) => hits(5_000 * rate, 5_000);
  const terms = { ...TERMS, minimumEffect: 0.1 };
  assert.equal(testDifference(large(0), hits(8, 100), terms).result, 'undecided');
  assert.equal(testDifference(large(0.08), hits(0, 100), terms).result, 'undecided');
  assert.equal(testDifference(large(0.002), hits(8, 100), terms).result, 'undecided');
  assert.equal(testDifference(large(0), hits(20, 100), terms).result, 'better');
  assert.equal(testDifference(large(0.2), hits(0, 100), terms).result, 'worse');
});

test('outcomes without a variance of their own differ where their numbers do', () => {
  assert.equal(testDifference(hits(0, 100), hits(100, 100), TERMS).result, 'better');
});

test('a true difference stays within the bounds at all times, in 95 % of experiments', () => {
  const [runs, requests, controlRate, difference] = [300, 3_000, 0.1, 0.05];
  let left = 0;
  for (let run = 0; run < runs; run++) {
    const random = seededRandom(`bounds ${run}`);
    let [control, variant] = [NO_OUTCOMES, NO_OUTCOMES];
    for (let sent = 0; sent < requests; sent++) {
      if (random.unit() < 0.5)
        variant = addOutcome(variant, random.unit() < controlRate + difference ? 1 : 0);
      else control = addOutcome(control, random.unit() < controlRate ? 1 : 0);
      const { low, high } = testDifference(control, variant, TERMS);
      if (low > difference || high < difference) {
        left += 1;
        break;
      }
    }
  }
  const noise = 3 * Math.sqrt(runs * 0.05 * 0.95);
  assert.ok(left <= runs * 0.05 + noise, `${left} of ${runs}`);
});
