import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideKpa, KPA_DEFAULTS, type KpaSettings, startKpa } from './kpa-policy.ts';

const SECOND = 1000;
const SETTINGS: KpaSettings = { ...KPA_DEFAULTS, targetValue: 1, totalValue: 1 };
const LOAD = fc.integer({ min: 0, max: 50 });
const HISTORY = fc.array(fc.record({ stable: LOAD, panic: LOAD }), { minLength: 1, maxLength: 60 });

test('panic never lowers, and ends a stable window after its last surge', () => {
  fc.assert(
    fc.property(HISTORY, (history) => {
      let state = startKpa(1, 0);
      let before = 0;
      for (const [tick, load] of history.entries()) {
        const now = tick * SETTINGS.tickMs;
        const wasPanicking = state.panicSince !== undefined;
        const facts = { readyReplicas: Math.max(1, before), ...load };
        const decision = decideKpa(SETTINGS, state, facts, now);
        state = decision.state;
        if (state.panicSince !== undefined) {
          assert.ok(now - state.panicSince <= SETTINGS.stableWindowMs);
          if (wasPanicking) assert.ok(decision.replicas >= before, `${decision.replicas} after ${before}`);
          assert.ok(decision.replicas >= load.panic && decision.replicas >= load.stable);
        }
        before = decision.replicas;
      }
    }),
  );
});

test('a policy that starts beside several replicas keeps them for a stable window', () => {
  let state = startKpa(5, 0);
  const counts = [0, 30, 60, 60.001].map((seconds) => {
    const facts = { readyReplicas: 5, stable: 0, panic: 0 };
    const decision = decideKpa(SETTINGS, state, facts, seconds * SECOND);
    state = decision.state;
    return decision.replicas;
  });
  assert.deepEqual(counts, [5, 5, 5, 2]);
});

test('the rate down halves per tick; a version without routes goes to zero at once', () => {
  const facts = { readyReplicas: 9, stable: 0, panic: 0 };
  const decide = (isReachable: boolean) =>
    decideKpa({ ...SETTINGS, isReachable }, startKpa(1, 0), facts, 0).replicas;
  assert.deepEqual([true, false].map(decide), [4, 0]);
});

test('the scale-down delay keeps the largest want of its ticks', () => {
  const settings = { ...SETTINGS, scaleDownDelayMs: 10 * SECOND, panicThreshold: 100 };
  let state = startKpa(1, 0);
  const counts = [8, 1, 1, 1, 1, 1].map((load, tick) => {
    const facts = { readyReplicas: 1, stable: load, panic: load };
    const decision = decideKpa(settings, state, facts, tick * settings.tickMs);
    state = decision.state;
    return decision.replicas;
  });
  assert.deepEqual(counts, [8, 8, 8, 8, 8, 1]);
});

test('the activation scale raises any number but zero', () => {
  const settings = { ...SETTINGS, activationScale: 3 };
  const decide = (load: number) =>
    decideKpa(settings, startKpa(0, 0), { readyReplicas: 1, stable: load, panic: load }, 0).replicas;
  assert.deepEqual([0, 1, 4].map(decide), [0, 3, 4]);
});

test('the excess burst capacity is what the ready replicas bear beyond the load and the burst', () => {
  const excess = (targetBurstCapacity: number) => {
    const settings = { ...SETTINGS, totalValue: 10, targetBurstCapacity };
    return decideKpa(settings, startKpa(1, 0), { readyReplicas: 3, stable: 5, panic: 7 }, 0)
      .excessBurstCapacity;
  };
  assert.deepEqual([-1, 0, 20, 30].map(excess), [-1, 0, 3, -7]);
});
