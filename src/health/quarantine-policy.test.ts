import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Evidence, evidenceOf, type LoneRun, provesInput } from './quarantine-policy.ts';

const RUN: LoneRun = {
  evidence: 'proof',
  isIsolated: true,
  ranMs: 10,
  timeoutMs: 1000,
  unclearEndsAlone: 0,
  isKilledFromOutside: false,
};

test('a crash, a protocol violation and lack of memory are proof; a signal is unclear; planned ends are nothing', () => {
  for (const cause of ['crash', 'protocol', 'out of memory'] as const)
    assert.equal(evidenceOf(cause), 'proof');
  for (const cause of ['killed', 'stopped'] as const) assert.equal(evidenceOf(cause), 'unclear');
  assert.equal(evidenceOf('watchdog'), 'slow');
  for (const cause of ['late error', 'ended', 'left', 'not started'] as const)
    assert.equal(evidenceOf(cause), 'nothing');
});

test('proof quarantines an isolated request', () => {
  assert.ok(provesInput(RUN));
});

test('slowness quarantines a request only after its whole timeout', () => {
  assert.ok(!provesInput({ ...RUN, evidence: 'slow', ranMs: 999 }));
  assert.ok(provesInput({ ...RUN, evidence: 'slow', ranMs: 1000 }));
});

test('unclear ends quarantine at the second one alone, unless replicas are killed from outside', () => {
  const run = { ...RUN, evidence: 'unclear' } as const;
  assert.ok(!provesInput({ ...run, unclearEndsAlone: 1 }));
  assert.ok(provesInput({ ...run, unclearEndsAlone: 2 }));
  assert.ok(!provesInput({ ...run, unclearEndsAlone: 9, isKilledFromOutside: true }));
});

test('a request that is not isolated is never quarantined', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Evidence>('proof', 'unclear', 'slow', 'nothing'),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
      (evidence, ranMs, unclearEndsAlone, isKilledFromOutside) => {
        const run = { ...RUN, evidence, ranMs, unclearEndsAlone, isKilledFromOutside };
        assert.ok(!provesInput({ ...run, isIsolated: false }));
        assert.ok(!provesInput({ ...run, evidence: 'nothing' }));
      },
    ),
  );
});
