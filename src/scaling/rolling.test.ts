import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextStep, type RollingReplica } from './rolling.ts';

test('step by step all replicas become new, never fewer ready ones than one below the wanted number', () => {
  const count = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(count, fc.boolean(), (wanted, maySurge) => {
      let replicas: RollingReplica[] = Array.from({ length: wanted }, () => ({
        isNew: false,
        isReady: true,
      }));
      for (let step = 0; step < 3 * wanted; step++) {
        const { fresh, old } = nextStep(replicas, wanted, maySurge);
        const present = replicas.filter(({ isNew }) => isNew);
        const kept = replicas.filter(({ isNew }) => !isNew).slice(0, old);
        const ready = present.filter(({ isReady }) => isReady).length;
        const least = maySurge || wanted === 1 ? wanted : wanted - 1;
        assert.ok(kept.length + ready >= least, `${kept.length} old and ${ready} new of ${wanted}`);
        assert.ok(fresh + old <= wanted + (maySurge || wanted === 1 ? 1 : 0));
        // What was coming is ready at the next step.
        replicas = [
          ...present.slice(0, fresh).map(() => ({ isNew: true, isReady: true })),
          ...Array.from({ length: fresh - Math.min(fresh, present.length) }, () => ({
            isNew: true,
            isReady: false,
          })),
          ...kept,
        ];
      }
      assert.deepEqual(nextStep(replicas, wanted, maySurge), { fresh: wanted, old: 0 });
      assert.ok(replicas.every(({ isNew, isReady }) => isNew && isReady));
    }),
  );
});

test('without replicas of another size the number is as wanted', () => {
  assert.deepEqual(nextStep([], 3, true), { fresh: 3, old: 0 });
  assert.deepEqual(nextStep([{ isNew: true, isReady: false }], 0, true), { fresh: 0, old: 0 });
});
