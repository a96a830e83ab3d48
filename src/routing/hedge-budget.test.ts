import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HedgeBudget } from './hedge-budget.ts';

test('the first second attempt needs no saving, the next one does', () => {
  const budget = new HedgeBudget(0.25);
  assert.ok(budget.spend());
  assert.ok(!budget.spend());
  for (let request = 0; request < 3; request++) budget.earn();
  assert.ok(!budget.spend());
  budget.earn();
  assert.ok(budget.spend());
});

test('at most ten second attempts start at once', () => {
  const budget = new HedgeBudget(0.5);
  for (let request = 0; request < 1_000; request++) budget.earn();
  let started = 0;
  while (budget.spend()) started += 1;
  assert.equal(started, 10);
});

test('second attempts never exceed their share of the requests by more than one', () => {
  const steps = fc.array(fc.boolean(), { maxLength: 300 });
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), steps, (share, isRequest) => {
      const budget = new HedgeBudget(share);
      let [requests, started] = [0, 0];
      for (const request of isRequest) {
        if (request) {
          budget.earn();
          requests += 1;
        } else if (budget.spend()) started += 1;
        assert.ok(started <= 1 + requests * share + 1e-9, `${started} of ${requests}`);
      }
    }),
  );
});

test('a second attempt for every slow request takes the whole share', () => {
  const budget = new HedgeBudget(0.05);
  let started = 0;
  for (let request = 0; request < 10_000; request++) {
    budget.earn();
    if (budget.spend()) started += 1;
  }
  assert.ok(Math.abs(started - 500) <= 1, `${started}`);
});
