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
      const least = (each: Claim) => Math.max(each.minReplicas, Math.min(each.young, each.wanted));
      const use = (replicas: (each: Claim) => number, of: (each: Claim) => number) =>
        made.reduce((sum, each) => sum + of(each) * (replicas(each) + each.draining), 0);
      const grantOf = (each: Claim) => grants[made.indexOf(each)];
      const granted = (each: Claim) => grantOf(each)?.replicas ?? Number.NaN;
      const threads = ({ threads: count }: Claim) => count;
      const bytes = ({ replicaBytes }: Claim) => replicaBytes;
      assert.ok(use(granted, threads) <= Math.max(limits.cores, use(least, threads)));
      assert.ok(use(granted, bytes) <= Math.max(limits.memoryBytes, use(least, bytes)));
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
  assert.deepEqual(replicasOf(greater, 3), { a: 2, b: 1 });
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
