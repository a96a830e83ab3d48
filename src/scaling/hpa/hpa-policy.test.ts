import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeBehavior } from './hpa-behavior.ts';
import type { HpaMetric } from './hpa-metric.ts';
import { decideHpa, HPA_DEFAULTS, type HpaSettings, type HpaState, NEW_HPA } from './hpa-policy.ts';

const SECOND = 1000;
const WINDOW_MS = HPA_DEFAULTS.downWindowMs;
const START = 3_600_000;
const SETTINGS: HpaSettings = { ...HPA_DEFAULTS, minReplicas: 2, maxReplicas: 10, behavior: undefined };
const WITH_BEHAVIOR: HpaSettings = { ...SETTINGS, behavior: completeBehavior({}, WINDOW_MS) };
const EITHER = fc.constantFrom(SETTINGS, WITH_BEHAVIOR);

function scaleOf(count: number) {
  const replicas = Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    phase: 'running' as const,
    isEnding: false,
    startedAt: 0,
    readiness: { isReady: true, since: 0 },
  }));
  return { specReplicas: count, statusReplicas: count, replicas };
}

/** CPU at a target of 70 %; a replica without a load has no sample. */
function cpu(loads: readonly (number | undefined)[], now = START): HpaMetric {
  return {
    type: 'resourceUtilization',
    resource: 'cpu',
    targetPercent: 70,
    samples: new Map(
      loads.flatMap((load, index) =>
        load === undefined
          ? []
          : [[`r${index}`, { valueMilli: load * 10, takenAt: now, windowMs: 30 * SECOND }] as const],
      ),
    ),
    requestMilli: new Map(loads.map((_, index) => [`r${index}`, 1000])),
  };
}

function inFlight(perReplicaMilli: number, count: number, now = START): HpaMetric {
  const sample = { valueMilli: perReplicaMilli, takenAt: now, windowMs: SECOND };
  return {
    type: 'pods',
    targetMilli: 700,
    samples: new Map(Array.from({ length: count }, (_, index) => [`r${index}`, sample])),
  };
}

const LOADS = fc.array(fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }), {
  minLength: 1,
  maxLength: 12,
});

test('the number stays within its bounds over any history', () => {
  fc.assert(
    fc.property(EITHER, fc.array(LOADS, { minLength: 1, maxLength: 30 }), (settings, history) => {
      let state: HpaState = NEW_HPA;
      let count = 1;
      for (const [index, loads] of history.entries()) {
        const now = START + index * 15 * SECOND;
        const ofReplicas = Array.from({ length: count }, (_, each) => loads[each % loads.length]);
        const facts = { scale: scaleOf(count), metrics: [cpu(ofReplicas, now)] };
        const decision = decideHpa(settings, state, facts, now);
        ({ replicas: count, state } = decision);
        assert.ok(count >= settings.minReplicas && count <= settings.maxReplicas, `${count}`);
      }
    }),
  );
});

test('a metric that fails never lowers, and what the others ask for still raises', () => {
  const failed: HpaMetric = { type: 'pods', targetMilli: 700, samples: undefined };
  fc.assert(
    fc.property(
      EITHER,
      fc.integer({ min: 2, max: 10 }),
      fc.integer({ min: 0, max: 400 }),
      (settings, n, load) => {
        const loads = Array.from({ length: n }, () => load);
        const state = { ...NEW_HPA, recommendations: [] };
        const decide = (metrics: HpaMetric[]) =>
          decideHpa(settings, state, { scale: scaleOf(n), metrics }, START);
        const decision = decide([cpu(loads), failed]);
        assert.equal(decision.hasMetricFailure, true);
        assert.equal(decision.replicas, Math.max(n, decide([cpu(loads)]).replicas));
        const none = decide([failed]);
        assert.deepEqual([none.replicas, none.basis], [n, 'metrics failed']);
      },
    ),
  );
});

test('replicas without a sample never lower below what they could all be carrying', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), fc.integer({ min: 1, max: 9 }), (n, known) => {
      const measured = Math.min(known, n - 1);
      const loads = Array.from({ length: n }, (_, index) => (index < measured ? 0 : undefined));
      const state = { ...NEW_HPA, recommendations: [] };
      const facts = { scale: scaleOf(n), metrics: [cpu(loads)] };
      const { proposals } = decideHpa(SETTINGS, state, facts, START);
      assert.ok(proposals[0]?.kind === 'proposal');
      assert.ok(proposals[0].replicas >= n - measured, `${proposals[0].replicas}`);
    }),
  );
});

test('a new HPA, or one that is restarted, does not shrink within the window', () => {
  for (const settings of [SETTINGS, WITH_BEHAVIOR]) {
    let state: HpaState = NEW_HPA;
    const idle = Array.from({ length: 8 }, () => 1);
    for (let now = START; now < START + WINDOW_MS; now += 15 * SECOND) {
      const decision = decideHpa(settings, state, { scale: scaleOf(8), metrics: [cpu(idle, now)] }, now);
      assert.equal(decision.replicas, 8);
      state = decision.state;
    }
    const now = START + WINDOW_MS + 1;
    const facts = { scale: scaleOf(8), metrics: [cpu(idle, now)] };
    assert.equal(decideHpa(settings, state, facts, now).replicas, 2);
  }
});

test('on the way up, a replica that starts already takes its share of the load', () => {
  const { replicas, ...counts } = scaleOf(3);
  const starting = { isReady: false, since: START - SECOND };
  const started = replicas.map((each, index) =>
    index < 2 ? each : { ...each, startedAt: START - SECOND, readiness: starting },
  );
  const facts = { scale: { ...counts, replicas: started }, metrics: [cpu([106, 106, 0])] };
  const decision = decideHpa(SETTINGS, NEW_HPA, facts, START);
  assert.deepEqual(decision.proposals, [
    { kind: 'proposal', replicas: 3, averageMilli: 1060, utilizationPercent: 106 },
  ]);
});

test('the largest proposal wins, and the decision names it', () => {
  const facts = { scale: scaleOf(3), metrics: [cpu([20, 20, 20]), inFlight(1400, 3)] };
  const decision = decideHpa(SETTINGS, { ...NEW_HPA, recommendations: [] }, facts, START);
  assert.equal(decision.winner, 1);
  assert.equal(decision.replicas, 6);
  assert.equal(decision.limitReason, 'DesiredWithinRange');
});

test('a number outside the bounds is corrected without looking at metrics', () => {
  const facts = { scale: scaleOf(14), metrics: [cpu([1])] };
  const decision = decideHpa(WITH_BEHAVIOR, NEW_HPA, facts, START);
  assert.deepEqual([decision.replicas, decision.basis, decision.proposals], [10, 'bounds', []]);
  assert.deepEqual(decision.state.events.down, [{ at: START, change: 4 }]);
});

test('zero replicas stay zero unless zero is the minimum', () => {
  const queued: HpaMetric = { type: 'externalAverage', targetMilli: 1000, valuesMilli: [2500] };
  const facts = { scale: scaleOf(0), metrics: [queued] };
  const decision = decideHpa(SETTINGS, NEW_HPA, facts, START);
  assert.deepEqual([decision.replicas, decision.basis], [0, 'disabled']);
  assert.equal(decideHpa({ ...SETTINGS, minReplicas: 0 }, NEW_HPA, facts, START).replicas, 3);
});

test('the same facts give the same decision, and the state that is passed in is not changed', () => {
  fc.assert(
    fc.property(EITHER, LOADS, (settings, loads) => {
      const state: HpaState = { recommendations: [{ at: 0, replicas: 5 }], events: NEW_HPA.events };
      const copy = structuredClone(state);
      const facts = { scale: scaleOf(loads.length), metrics: [cpu(loads)] };
      const first = decideHpa(settings, state, facts, START);
      assert.deepEqual(decideHpa(settings, state, facts, START), first);
      assert.deepEqual(state, copy);
    }),
  );
});
