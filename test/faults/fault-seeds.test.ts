import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf, runFaults } from '../../src/simulate/faults/fault-run.ts';

const FIXED_SEEDS = 500;
/** Schedules that once failed, kept as regression tests. */
const FOUND_SEEDS = [3236, 6936, 20_086, 20_886, 53_646, 293_474_208, 22495, 22659, 25101, 627_257_428];
const FRESH_SEEDS = 100;
const FRESH_FROM = 1_000_000;

function assertClean(seed: number): void {
  const { violations } = runFaults(planOf(seed));
  const [first] = violations;
  const alone = `npm run faults -- --seeds 1 --from ${seed}`;
  assert.equal(first, undefined, `seed ${seed} (${alone}): ${first?.rule}: ${first?.detail}`);
}

test(`${FIXED_SEEDS} known fault schedules break no rule`, () => {
  for (let seed = 0; seed < FIXED_SEEDS; seed++) assertClean(seed);
  for (const seed of FOUND_SEEDS) assertClean(seed);
});

test(`${FRESH_SEEDS} new fault schedules break no rule`, () => {
  const from = FRESH_FROM + Math.floor(Math.random() * 1e9);
  for (let seed = from; seed < from + FRESH_SEEDS; seed++) assertClean(seed);
});

test('the schedules contain enough faults, and most requests are answered', () => {
  let answered = 0;
  let refused = 0;
  let faults = 0;
  for (let seed = 0; seed < 48; seed++) {
    const plan = planOf(seed);
    // A rush is more than can be answered, and so is the traffic for all replicas where fewer run.
    if (plan.hasRush || plan.scaling !== undefined) continue;
    const result = runFaults(plan);
    answered += result.answered;
    refused += result.refused;
    faults += plan.faults.length;
  }
  assert.ok(answered > 5 * refused && refused > 0, `${answered} answered, ${refused} refused`);
  assert.ok(faults > 60, `${faults} faults`);
});
