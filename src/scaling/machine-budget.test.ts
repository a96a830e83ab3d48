import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Claim, divide } from './machine-budget.ts';

function claim(some: Partial<Claim> & { readonly name: string }): Claim {
  return {
    ...{ minReplicas: 1, wanted: 1, held: 1, young: 0, draining: 0, threads: 1, replicaBytes: 0, weight: 1 },
    ...some,
  };
}

const replicasOf = (claims: readonly Claim[], cores: number, memoryBytes = 2 ** 40) =>
  Object.fromEntries(
    divide(claims, { cores, memoryBytes }).map(({ replicas }, index) => [claims[index]?.name, replicas]),
  );

test('no division exceeds the cores or the memory, none takes a minimum, none gives more than is wanted', () => {
  const small = fc.integer({ min: 0, max: 5 });
  const claims = fc.array(
    fc.record({
      minReplicas: small,
      ...{ more: small, held: small, young: small, draining: small },
      threads: fc.integer({ min: 1, max: 3 }),
      replicaBytes: fc.integer({ min: 0, max: 4 }),
      weight: fc.double({ min: 0.1, max: 5, noNaN: true }),
    }),
    { maxLength: 5 },
  );
  const budget = fc.record({
    cores: fc.integer({ min: 0, max: 16 }),
    memoryBytes: fc.integer({ min: 0, max: 30 }),
  });
  fc.assert(
    fc.property(claims, budget, (all, limits) => {
      const made = all.map(({ more, ...each }, index) =>
        claim({ ...each, name: `m${index}`, wanted: each.minReplicas + more }),
      );
      const grants = divide(made, limits);
      const grantOf = (each: Claim) => grants[made.indexOf(each)];
      const granted = (each: Claim) => grantOf(each)?.replicas ?? Number.NaN;
      // Nothing grows beyond what fits beside everything that runs, but minimums.
      const grown = made.filter((each) => granted(each) > Math.max(each.held, each.minReplicas));
      const runs = (of: (each: Claim) => number) =>
        made.reduce((sum, each) => sum + of(each) * (Math.max(each.held, granted(each)) + each.draining), 0);
      if (grown.length > 0) {
        assert.ok(runs(({ threads }) => threads) <= limits.cores);
        assert.ok(runs(({ replicaBytes }) => replicaBytes) <= limits.memoryBytes);
      }
      for (const each of made) {
        assert.ok(granted(each) >= each.minReplicas && granted(each) <= each.wanted);
        assert.equal(grantOf(each)?.limit !== '', granted(each) < each.wanted);
      }
    }),
  );
});

test('spare cores go where the need is greatest, by weight; ties by name', () => {
  const two = [claim({ name: 'b', wanted: 4 }), claim({ name: 'a', wanted: 4 })];
  assert.deepEqual(replicasOf(two, 5), { b: 2, a: 3 });
  const heavy = [claim({ name: 'b', wanted: 4, weight: 4 }), claim({ name: 'a', wanted: 4 })];
  assert.deepEqual(replicasOf(heavy, 5), { b: 4, a: 1 });
});

test('a replica that serves is not taken for an equal need of another version', () => {
  const claims = [claim({ name: 'a', wanted: 3, held: 1 }), claim({ name: 'b', wanted: 3, held: 2 })];
  assert.deepEqual(replicasOf(claims, 3), { a: 1, b: 2 });
  const greater = [
    claim({ name: 'a', wanted: 9, held: 1, weight: 2 }),
    claim({ name: 'b', wanted: 3, held: 2 }),
  ];
  assert.deepEqual(replicasOf(greater, 3), { a: 1, b: 1 }, 'the other one first has to end');
});

test('the limit says what is missing', () => {
  const [memory] = divide([claim({ name: 'a', wanted: 3, replicaBytes: 2 ** 30 })], {
    cores: 8,
    memoryBytes: 2 ** 31,
  });
  assert.match(memory?.limit ?? '', /2048 MiB of memory/);
  const [cores] = divide([claim({ name: 'a', wanted: 3, threads: 2 })], { cores: 4, memoryBytes: 2 ** 40 });
  assert.match(cores?.limit ?? '', /4 cores, 2 for each/);
});

test('what drains blocks growth, and takes no replica from a version that holds it', () => {
  const holder = claim({ name: 'z', wanted: 3, held: 3, draining: 1 });
  assert.deepEqual(replicasOf([holder, claim({ name: 'b' })], 4), { z: 3, b: 1 });
  assert.deepEqual(replicasOf([{ ...holder, wanted: 4 }], 4), { z: 3 });
});

test('a core that one version gives back goes to another when its replica has ended', () => {
  const rich = claim({ name: 'z', wanted: 3, held: 3 });
  const poor = claim({ name: 'b', wanted: 9, held: 1, weight: 3 });
  assert.deepEqual(replicasOf([rich, poor], 4), { z: 1, b: 1 });
  const given = { ...rich, held: 1, draining: 2 };
  assert.deepEqual(replicasOf([given, poor], 4), { z: 1, b: 1 });
  assert.deepEqual(replicasOf([{ ...given, draining: 0 }, poor], 4), { z: 1, b: 3 });
});

test('young replicas are kept beside the minimum', () => {
  const young = claim({ name: 'a', wanted: 3, held: 3, young: 2 });
  const needy = claim({ name: 'b', wanted: 9, held: 1, weight: 9 });
  assert.deepEqual(replicasOf([young, needy], 4), { a: 3, b: 1 });
});
