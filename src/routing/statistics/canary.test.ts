import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CanarySettings } from '../../config/canary-settings.ts';
import { brokenGate, type CanaryCounts, type CanaryFacts, canaryDecision } from './canary.ts';

const SETTINGS = CanarySettings.parse({
  ...{ from: 'digits/1', to: 'digits/2', steps: [1, 25, 100], every: '10m', minRequests: 100 },
  gates: { objectiveMs: 50, disagreement: 0.02 },
});
const MINUTE = 60_000;
const HEALTHY: CanaryCounts = {
  ...{
    requests: 1_000,
    errors: 0,
    dragged: 0,
    slow: 0,
    timed: 1_000,
    late: 0,
    disagreed: 0,
    compared: 1_000,
  },
};

function factsOf({ canary, ...parts }: Partial<Omit<CanaryFacts, 'canary'>> & { canary?: object } = {}) {
  return {
    ...{
      control: { requests: 10_000, errors: 0, timed: 0, dragged: 0 },
      requestsAtStep: 1_000,
      atStepMs: 10 * MINUTE,
      step: 0,
    },
    ...parts,
    canary: { ...HEALTHY, ...canary },
  };
}

test('a healthy canary goes on after the time and the requests of its step', () => {
  assert.deepEqual(canaryDecision(SETTINGS, factsOf()), {
    ...{ kind: 'advance', to: 1, because: 'all gates hold after 1000 requests in 600 s at 1 %' },
  });
  assert.deepEqual(canaryDecision(SETTINGS, factsOf({ atStepMs: 9.5 * MINUTE })), {
    ...{ kind: 'hold', because: '30 s are left at 1 %' },
  });
  assert.deepEqual(canaryDecision(SETTINGS, factsOf({ requestsAtStep: 99 })), {
    ...{ kind: 'hold', because: '99 requests at 1 %, wanted 100' },
  });
});

test('after the last step the canary is promoted', () => {
  const last = { step: 2, canary: { requests: 1_500 } };
  assert.equal(canaryDecision(SETTINGS, factsOf(last)).kind, 'promote');
  assert.equal(canaryDecision(SETTINGS, factsOf({ ...last, atStepMs: 0 })).kind, 'hold');
  assert.equal(
    canaryDecision(SETTINGS, factsOf({ ...last, canary: { requests: 1_500, errors: 100 } })).kind,
    'roll back',
  );
});

test('a canary is not promoted before its gates have seen enough', () => {
  assert.deepEqual(canaryDecision(SETTINGS, factsOf({ step: 2, canary: { requests: 1_499 } })), {
    ...{ kind: 'hold', because: '1499 requests in all, wanted 1500 to see that errors stay within 1 %' },
  });
  const compared = factsOf({ step: 2, canary: { requests: 1_500, compared: 10 } });
  const decision = canaryDecision(SETTINGS, compared);
  assert.equal(decision.kind, 'hold');
  assert.match(decision.because, /^10 compared answers, wanted \d+ to see that they agree within/);
});

test('a version that is slower in the middle is rolled back, whatever the tail of the control', () => {
  const control = { requests: 1_000, errors: 0, timed: 900, dragged: 45 };
  const gateOf = (dragged: number) =>
    brokenGate(SETTINGS, factsOf({ control, canary: { dragged, timed: 200 } }));
  assert.equal(gateOf(30), undefined);
  assert.equal(gateOf(120)?.gate, 'p99Ratio');
  assert.match(
    gateOf(120)?.because ?? '',
    /120 of 200 answers took more than .* the median of the control, 45 of 900/,
  );
});

test('no facts make it advance before its time or with too few requests', () => {
  const facts = fc.record({
    ...{ atStepMs: fc.nat(20 * MINUTE), requestsAtStep: fc.nat(200), step: fc.nat(2) },
    canary: fc.record({
      requests: fc.constant(1_500),
      errors: fc.nat(60),
      slow: fc.nat(60),
      late: fc.nat(60),
      disagreed: fc.nat(60),
    }),
  });
  fc.assert(
    fc.property(facts, (parts) => {
      const decision = canaryDecision(SETTINGS, factsOf(parts));
      const isDue = parts.atStepMs >= 10 * MINUTE && parts.requestsAtStep >= 100;
      const isForward = decision.kind === 'advance' || decision.kind === 'promote';
      assert.ok(!isForward || isDue, decision.because);
      assert.ok(decision.kind !== 'hold' || !isDue, decision.because);
      if (decision.kind === 'advance') assert.equal(decision.to, parts.step + 1);
      if (decision.kind === 'promote') assert.equal(parts.step, 2);
    }),
  );
});

for (const [gate, counts, because] of [
  ['errors', { errors: 40 }, "40 of 1000 requests failed, 0 % of the control's; 1 % more are allowed"],
  [
    'p99Ratio',
    { slow: 40 },
    '40 of 1000 answers took more than 1.5 times the 99th percentile of the control; 1 % are allowed',
  ],
  ['objectiveMs', { late: 40 }, '40 of 1000 answers took more than 50 ms; 1 % are allowed'],
  ['disagreement', { disagreed: 60 }, "60 of 1000 answers differ from the control's; 2 % are allowed"],
] as const) {
  test(`the gate ${gate} rolls back at once, whatever the time of the step`, () => {
    const decision = canaryDecision(SETTINGS, factsOf({ canary: counts, atStepMs: 0, requestsAtStep: 1 }));
    assert.deepEqual(decision, { kind: 'roll back', gate, because });
  });
}

test('gates without a setting hold', () => {
  const { disagreement: _, objectiveMs: __, ...gates } = SETTINGS.gates;
  const settings = { ...SETTINGS, gates };
  assert.equal(brokenGate(settings, factsOf({ canary: { late: 1_000, disagreed: 1_000 } })), undefined);
});

test('a canary may fail as often as the control, and a bit more', () => {
  const control = { requests: 10_000, errors: 500, timed: 0, dragged: 0 };
  assert.equal(brokenGate(SETTINGS, factsOf({ control, canary: { errors: 60 } })), undefined);
  assert.equal(brokenGate(SETTINGS, factsOf({ control, canary: { errors: 110 } }))?.gate, 'errors');
});

test('a control without requests is taken for one without errors', () => {
  const control = { requests: 0, errors: 0, timed: 0, dragged: 0 };
  assert.equal(brokenGate(SETTINGS, factsOf({ control })), undefined);
  assert.equal(brokenGate(SETTINGS, factsOf({ control, canary: { errors: 40 } }))?.gate, 'errors');
});

test('a few failures of few requests do not break a gate', () => {
  const nothing = { requests: 0, timed: 0, compared: 0 };
  assert.equal(brokenGate(SETTINGS, factsOf({ canary: nothing })), undefined);
  assert.equal(brokenGate(SETTINGS, factsOf({ canary: { ...nothing, requests: 1, errors: 1 } })), undefined);
});
