import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideZero, type KpaZeroFacts, type KpaZeroSettings } from './kpa-zero.ts';

const SETTINGS: KpaZeroSettings = {
  minScale: 0,
  maxScale: 8,
  initialScale: 1,
  isZeroEnabled: true,
  stableWindowMs: 60_000,
  gracePeriodMs: 30_000,
  lastReplicaRetentionMs: 0,
  activationTimeoutMs: 600_000,
  isHolderAlwaysInPath: false,
};
const IDLE: KpaZeroFacts = {
  wanted: 0,
  current: 1,
  hasReachedInitialScale: true,
  isUnreachable: false,
  isHolderReady: true,
  holdingForMs: 0,
  activity: { state: 'active', forMs: 0 },
};

function after(state: KpaZeroFacts['activity']['state'], forMs: number, facts: Partial<KpaZeroFacts> = {}) {
  const { replicas, isApplied } = decideZero(SETTINGS, { ...IDLE, ...facts, activity: { state, forMs } });
  return `${replicas}${isApplied ? ' applied' : ''}`;
}

test('an idle version goes from active over inactive to zero', () => {
  assert.equal(after('active', 59_999), '1');
  assert.equal(after('active', 59_999, { current: 3 }), '1 applied');
  assert.equal(after('active', 60_000), '0');
  assert.equal(after('inactive', 29_999), '0');
  assert.equal(after('inactive', 30_000), '0 applied');
  assert.equal(after('inactive', 30_000, { isHolderReady: false }), '0');
  assert.equal(after('inactive', 1, { holdingForMs: 30_000 }), '0 applied');
});

test('a version that activates is left alone until it has had its time', () => {
  assert.equal(after('activating', 600_000), 'undefined');
  assert.equal(after('activating', 600_001), '0 applied');
  assert.equal(after('active', 1, { wanted: undefined }), 'undefined');
});

test('the last replica stays for its retention, even behind a holder', () => {
  const settings = { ...SETTINGS, lastReplicaRetentionMs: 50_000 };
  const decide = (forMs: number) =>
    decideZero(settings, { ...IDLE, holdingForMs: 40_000, activity: { state: 'inactive', forMs } }).isApplied;
  assert.deepEqual([49_999, 50_000].map(decide), [false, true]);
});

test('zero needs a minimum of zero and its permission', () => {
  const inactive = { ...IDLE, activity: { state: 'inactive', forMs: 90_000 } } as const;
  assert.equal(decideZero({ ...SETTINGS, minScale: 2 }, inactive).replicas, 2);
  assert.equal(decideZero({ ...SETTINGS, isZeroEnabled: false }, inactive).replicas, 1);
  assert.equal(decideZero({ ...SETTINGS, minScale: 2 }, { ...inactive, isUnreachable: true }).replicas, 0);
});

test('a number that is not zero stays within the bounds, with the initial scale as first minimum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.boolean(), (wanted, hasReachedInitialScale) => {
      const settings = { ...SETTINGS, minScale: 2, initialScale: 4 };
      const { replicas } = decideZero(settings, { ...IDLE, wanted, hasReachedInitialScale });
      assert.equal(replicas, Math.min(8, Math.max(wanted, hasReachedInitialScale ? 2 : 4)));
    }),
  );
});
