import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { convicts, type Evidence, evidenceOf, type LoneRun } from './conviction.ts';

const RUN: LoneRun = {
  evidence: 'proof',
  isIsolated: true,
  ranMs: 10,
  timeoutMs: 1000,
  unclearEndsAlone: 0,
  isKilledFromOutside: false,
};

test('an end of its own making, a broken protocol and want of memory are proof; a signal is not; our own plans are nothing', () => {
  for (const cause of ['crash', 'protocol', 'out of memory'] as const)
    assert.equal(evidenceOf(cause), 'proof');
  for (const cause of ['killed', 'stopped'] as const) assert.equal(evidenceOf(cause), 'unclear');
  assert.equal(evidenceOf('watchdog'), 'slow');
  for (const cause of ['late error', 'ended', 'left', 'not started'] as const)
    assert.equal(evidenceOf(cause), 'nothing');
});

test('proof convicts who runs alone', () => {
  assert.ok(convicts(RUN));
});

test('slowness convicts who has had its whole time, and nobody before', () => {
  assert.ok(!convicts({ ...RUN, evidence: 'slow', ranMs: 999 }));
  assert.ok(convicts({ ...RUN, evidence: 'slow', ranMs: 1000 }));
});

test('an unclear end convicts at the second time alone, unless somebody outside kills replicas', () => {
  const run = { ...RUN, evidence: 'unclear' } as const;
  assert.ok(!convicts({ ...run, unclearEndsAlone: 1 }));
  assert.ok(convicts({ ...run, unclearEndsAlone: 2 }));
  assert.ok(!convicts({ ...run, unclearEndsAlone: 9, isKilledFromOutside: true }));
});

test('nothing convicts who runs among others, or for the first time', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Evidence>('proof', 'unclear', 'slow', 'nothing'),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
      (evidence, ranMs, unclearEndsAlone, isKilledFromOutside) => {
        const run = { ...RUN, evidence, ranMs, unclearEndsAlone, isKilledFromOutside };
        assert.ok(!convicts({ ...run, isIsolated: false }));
        assert.ok(!convicts({ ...run, evidence: 'nothing' }));
      },
    ),
  );
});
