import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TenantDemand } from './tenant-demand.ts';

const NAMES = ['a', 'b', 'c'];
const WEIGHTS = [1, 2, 0.5];
const tenant = (index: number) => ({ name: NAMES[index] ?? '', weight: WEIGHTS[index] ?? 1 });

test('demand equals the sum of all requests, each halved once per half-life of age', () => {
  const requests = fc.array(
    fc.record({ who: fc.integer({ min: 0, max: 2 }), rows: fc.integer({ min: 1, max: 50 }) }),
    {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 120 }), (them, times) => {
      const demand = new TenantDemand();
      const sums = [0, 0, 0];
      let count = 0;
      for (let time = 0; time < times; time++) {
        for (const { who, rows } of them) {
          demand.asked(tenant(who), rows);
          count += 1;
          if (count % 1_024 === 0) for (const index of sums.keys()) (sums[index] as number) /= 2;
          (sums[who] as number) += rows / tenant(who).weight;
        }
      }
      const most = Math.max(...sums);
      const isTie = (a: number, b: number) => Math.abs(a - b) < 1e-6 * most;
      const known = sums.filter((sum) => sum > 0).length;
      sums.forEach((sum, index) => {
        if (isTie(sum, most / 2)) return;
        assert.equal(
          demand.isUnderShare(tenant(index)),
          known > 1 && sum > 0 && sum < most / 2,
          `${index} of ${sums}`,
        );
      });
      const others = sums.reduce((total, sum) => total + sum, 0) - most;
      const mean = others / Math.max(1, known - 1);
      if (!isTie(mean, most / 2)) assert.equal(demand.hasModest, known > 1 && mean < most / 2);
    }),
  );
});

test('a single tenant is not under its share, nor is a tenant without requests', () => {
  const demand = new TenantDemand();
  assert.equal(demand.hasModest, false);
  for (let time = 0; time < 100; time++) demand.asked(tenant(0), 10);
  assert.deepEqual(
    [demand.hasModest, demand.isUnderShare(tenant(0)), demand.isUnderShare(tenant(1))],
    [false, false, false],
  );
});

test('with equal demand by weight no tenant is under its share', () => {
  const demand = new TenantDemand();
  for (let time = 0; time < 1_000; time++) {
    for (const who of [0, 1, 2]) demand.asked(tenant(who), 8 * tenant(who).weight);
    assert.ok(time < 1 || !demand.hasModest);
  }
});

test('old demand expires', () => {
  const demand = new TenantDemand();
  for (let time = 0; time < 1_000; time++) demand.asked(tenant(0), 100);
  demand.asked(tenant(1), 1);
  assert.equal(demand.isUnderShare(tenant(1)), true);
  for (let time = 0; time < 30_000; time++)
    demand.asked(tenant(1 + (time % 2)), tenant(1 + (time % 2)).weight);
  assert.equal(demand.hasModest, false);
  assert.equal(demand.isUnderShare(tenant(1)), false);
});

test('old demand counts less than recent demand', () => {
  const demand = new TenantDemand();
  for (let time = 0; time < 1_000; time++) demand.asked(tenant(0), 10);
  for (let time = 0; time < 4_096; time++) demand.asked(tenant(1), tenant(1).weight);
  assert.deepEqual([demand.isUnderShare(tenant(0)), demand.isUnderShare(tenant(1))], [true, false]);
});
