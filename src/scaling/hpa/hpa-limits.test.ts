import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterChange, type Behavior, completeBehavior, policyLimit } from './hpa-behavior.ts';
import { NO_EVENTS, type ScaleEvents } from './hpa-events.ts';
import { limitRate, limitStep } from './hpa-limits.ts';

const NOW = 1_000_000;
const BOUNDS = { minReplicas: 1, maxReplicas: 100 };
const COUNT = fc.integer({ min: 1, max: 100 });
const ONE_PER_MINUTE = { type: 'Pods', value: 1, periodMs: 60_000 } as const;
const RULES = fc.record({
  stabilizationWindowMs: fc.constant(0),
  selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
  policies: fc.array(
    fc.record({
      type: fc.constantFrom('Pods', 'Percent'),
      value: fc.integer({ min: 1, max: 200 }),
      periodMs: fc.integer({ min: 1000, max: 120_000 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});
const EVENTS = fc.array(
  fc.record({ at: fc.integer({ min: NOW - 180_000, max: NOW }), change: fc.integer({ min: 1, max: 30 }) }),
  { maxLength: 5 },
);

test('a rate never turns a change round and never leaves the bounds', () => {
  const behavior = fc.record({ scaleUp: RULES, scaleDown: RULES }) as fc.Arbitrary<Behavior>;
  const events = fc.record({ up: EVENTS, down: EVENTS });
  fc.assert(
    fc.property(behavior, events, COUNT, COUNT, (rules, past, current, wanted) => {
      const { replicas } = limitRate(rules, BOUNDS, { current, wanted, events: past }, NOW);
      assert.ok(
        replicas >= Math.min(current, wanted) && replicas <= Math.max(current, wanted),
        `${replicas}`,
      );
    }),
  );
});

test('changes count against their period, and are free again after it', () => {
  const behavior = completeBehavior({ scaleDown: { policies: [ONE_PER_MINUTE] } }, 0);
  let events: ScaleEvents = NO_EVENTS;
  let current = 10;
  const counts: number[] = [];
  for (let now = NOW; now < NOW + 180_000; now += 15_000) {
    const { replicas } = limitRate(behavior, BOUNDS, { current, wanted: 1, events }, now);
    if (replicas !== current) events = afterChange(behavior, events, { from: current, to: replicas }, now);
    current = replicas;
    counts.push(current);
  }
  assert.deepEqual(counts, [9, 9, 9, 9, 8, 8, 8, 8, 7, 7, 7, 7]);
  assert.equal(events.down.length, 2, 'an outdated event is overwritten');
});

test('replicas removed within the period may return at once', () => {
  const { scaleUp } = completeBehavior({ scaleUp: { policies: [ONE_PER_MINUTE] } }, 0);
  const events = { up: [], down: [{ at: NOW - 10_000, change: 5 }] };
  assert.equal(policyLimit('up', scaleUp, { current: 4, events }, NOW), 10);
});

test('Min takes the smallest change, Disabled none', () => {
  const policies = [ONE_PER_MINUTE, { type: 'Percent', value: 50, periodMs: 60_000 } as const];
  const limits = (['Max', 'Min', 'Disabled'] as const).map((selectPolicy) => {
    const { scaleUp, scaleDown } = completeBehavior(
      { scaleUp: { selectPolicy, policies }, scaleDown: { selectPolicy, policies } },
      0,
    );
    const facts = { current: 10, events: NO_EVENTS };
    return [policyLimit('up', scaleUp, facts, NOW), policyLimit('down', scaleDown, facts, NOW)];
  });
  assert.deepEqual(limits, [
    [15, 5],
    [11, 9],
    [10, 10],
  ]);
});

test('without behavior a pass at most doubles, but may always reach four', () => {
  const step = { factor: 2, minimum: 4 };
  const reach = (current: number) => limitStep(step, BOUNDS, { current, wanted: 99 });
  assert.deepEqual(
    [1, 3, 60].map((current) => reach(current).replicas),
    [4, 6, 99],
  );
  assert.equal(reach(3).reason, 'ScaleUpLimit');
  assert.equal(limitStep(step, BOUNDS, { current: 60, wanted: 101 }).reason, 'TooManyReplicas');
});
