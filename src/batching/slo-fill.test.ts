import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { curves, learned } from '../../test/support/curves.ts';
import type { WaitingRequest } from '../work/lane.ts';
import { PlainFill, type Ruling } from './batch-policy.ts';
import { SloFill } from './slo-fill.ts';

interface Waiting extends WaitingRequest {
  readonly isUnderShare: boolean;
}

const waiting = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 6 }),
    dueBy: fc.double({ min: -20, max: 300, noNaN: true }),
    rank: fc.constant(0),
    isExploration: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    isUnderShare: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
);
const facts = fc
  .record({
    targetRows: fc.integer({ min: 1, max: 40 }),
    pressure: fc.double({ min: 0, max: 1, noNaN: true }),
    cap: fc.integer({ min: 1, max: 40 }),
    startAt: fc.double({ min: 0, max: 50, noNaN: true }),
    marginMs: fc.constant(0),
  })
  .map(({ targetRows, pressure, ...it }) => {
    const leastRows = targetRows / 2;
    return { ...it, targetRows, leastRows, neededRows: (0.5 + 0.5 * pressure) * targetRows };
  });

function fillUp(fill: { rule: SloFill['rule'] }, queue: readonly Waiting[]) {
  const rulings: { readonly of: Waiting; readonly ruling: Ruling; readonly rowsLeft: number }[] = [];
  let rowsLeft = queue.reduce((sum, { rows }) => sum + rows, 0);
  for (const of of queue) {
    const ruling = fill.rule(of, rowsLeft, of.isUnderShare);
    rulings.push({ of, ruling, rowsLeft });
    if (ruling === 'stop') break;
    rowsLeft -= of.rows;
  }
  return rulings;
}

test('except for its first request, no batch makes a member late by the plan or exceeds the cap', () => {
  fc.assert(
    fc.property(curves, facts, waiting, (curve, it, queue) => {
      const rulings = fillUp(new SloFill(curve, it), queue);
      const taken = rulings.filter(({ ruling }) => ruling === 'take').map(({ of }) => of);
      const rows = taken.reduce((sum, of) => sum + of.rows, 0);
      assert.ok(rows <= it.cap || taken.length === 1);
      const endAt = it.startAt + curve.predictMs(rows);
      for (const { dueBy, isExploration } of taken)
        assert.ok(isExploration || endAt <= dueBy + 1e-6, `${endAt} of ${dueBy}`);
    }),
    { numRuns: 500 },
  );
});

test('exploration requests are taken or wait for the next batch; they are never dropped', () => {
  fc.assert(
    fc.property(curves, facts, waiting, (curve, it, queue) => {
      const rulings = fillUp(new SloFill(curve, it), queue);
      for (const { of, ruling } of rulings) assert.ok(!of.isExploration || ruling !== 'drop');
      if (queue[0]?.isExploration) assert.equal(rulings[0]?.ruling, 'take');
    }),
    { numRuns: 500 },
  );
});

test('a request is dropped only if it is late even alone, or makes the batch too small while more is waiting', () => {
  fc.assert(
    fc.property(curves, facts, waiting, (curve, it, queue) => {
      const rulings = fillUp(new SloFill(curve, it), queue);
      let [taken, hasDropped] = [0, false];
      for (const { of, ruling, rowsLeft } of rulings) {
        const fit = curve.rowsWithin(of.dueBy - it.startAt);
        if (ruling === 'drop') {
          const wanted = of.isUnderShare ? it.leastRows : hasDropped ? it.targetRows : it.neededRows;
          const isSmall = fit < Math.min(wanted, it.cap) && fit < taken + rowsLeft;
          assert.ok(fit < of.rows || isSmall, `${fit} rows would have fit, ${wanted} were wanted`);
          hasDropped = true;
        }
        if (ruling === 'take') taken += of.rows;
      }
    }),
    { numRuns: 500 },
  );
});

const PLAN = { targetRows: 20, leastRows: 10, neededRows: 10, cap: 32, startAt: 0, marginMs: 0 };
const line = learned((rows) => 10 + rows);
const of = (dueBy: number, rows = 1) => ({ rows, dueBy, rank: 0, isExploration: false });

test('the first request is dropped below half the target, and only when more is waiting', () => {
  assert.equal(new SloFill(line, PLAN).rule(of(19), 40, false), 'drop', 'nine rows fit');
  assert.equal(new SloFill(line, PLAN).rule(of(20), 40, false), 'take', 'ten rows fit');
  assert.equal(new SloFill(line, PLAN).rule(of(19), 9, false), 'take', 'nothing else is waiting');
  assert.equal(new SloFill(line, PLAN).rule(of(10.5), 1, false), 'drop', 'late even alone');
});

test('after a drop the batch must be full; requests of tenants under their share are still taken', () => {
  const fill = new SloFill(line, PLAN);
  assert.equal(fill.rule(of(12), 40, false), 'drop');
  assert.equal(fill.rule(of(29), 39, false), 'drop', 'nineteen of twenty');
  assert.equal(fill.rule(of(20), 38, true), 'take', 'ten, and under its share');
});

test('a member with little time left bounds the batch for later ones', () => {
  const fill = new SloFill(line, PLAN);
  assert.equal(fill.rule(of(1000, 4), 40, false), 'take');
  assert.equal(fill.rule(of(22, 4), 36, false), 'take', 'twelve fit');
  assert.equal(fill.rule(of(1000, 4), 32, false), 'take');
  assert.equal(fill.rule(of(1000, 1), 28, false), 'stop');
});

test('a plain fill drops nothing', () => {
  fc.assert(
    fc.property(waiting, fc.integer({ min: 1, max: 20 }), (queue, cap) => {
      const rulings = fillUp(new PlainFill(cap), queue);
      assert.ok(rulings.every(({ ruling }) => ruling !== 'drop'));
      assert.equal(rulings[0]?.ruling, 'take');
      const taken = rulings.filter(({ ruling }) => ruling === 'take');
      const rows = taken.reduce((sum, each) => sum + each.of.rows, 0);
      assert.ok(rows <= cap || taken.length === 1);
    }),
  );
});

test('a request that is late only by the margin of the plan is not dropped, and makes no batch smaller than half', () => {
  const plan = { ...PLAN, marginMs: 9 };
  const fill = new SloFill(line, plan);
  assert.equal(fill.rule(of(21), 40, false), 'take', 'two rows fit by the plan, eleven without the margin');
  for (let rows = 1; rows < 10; rows++) assert.equal(fill.rule(of(1000), 40 - rows, false), 'take');
  assert.equal(fill.rule(of(1000), 30, false), 'stop', 'ten are half of the target');
  assert.equal(
    new SloFill(line, plan).rule(of(19), 40, false),
    'drop',
    'half a batch is late even without the margin',
  );
});
