import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterIncarnation,
  decideRestart,
  NO_FAILURES,
  type RestartHistory,
  type RestartSettings,
  wasHealthy,
} from './restart-policy.ts';

const SETTINGS: RestartSettings = {
  initialDelayMs: 1000,
  maxDelayMs: 60_000,
  maxFailures: 6,
  maxExits: 10,
  windowMs: 1_800_000,
  resetAfter: { readyMs: 60_000 },
};
const BAD = { readyForMs: 10, batches: 3, wasKilledFromOutside: false };

test('a healthy process was ready for a minute, or answered a hundred batches', () => {
  assert.equal(wasHealthy(SETTINGS, { ...BAD, readyForMs: 60_000, batches: 0 }), true);
  assert.equal(wasHealthy(SETTINGS, { ...BAD, batches: 100 }), true);
  assert.equal(wasHealthy(SETTINGS, { ...BAD, readyForMs: 59_999, batches: 99 }), false);
  assert.equal(wasHealthy(SETTINGS, { ...BAD, readyForMs: undefined, batches: 1000 }), false);
});

/** The decisions after `count` failed processes in a row, one every `everyMs`. */
function decisions(count: number, everyMs: number, chance: number) {
  let history: RestartHistory = NO_FAILURES;
  return Array.from({ length: count }, (_, index) => {
    history = afterIncarnation(SETTINGS, history, BAD, index * everyMs);
    return decideRestart(SETTINGS, history, index * everyMs, chance);
  });
}

test('the first restart is immediate, then the delay doubles; the sixth failed process is the last', () => {
  const kinds = decisions(6, 100, 1 - 1e-12).map((it) => (it.kind === 'restart' ? it.afterMs : it.kind));
  assert.deepEqual(kinds, [0, 1000, 2000, 4000, 8000, 'give up']);
});

test('jitter takes away at most half the delay', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, chance) => {
        const decision = decisions(n, 100, chance)[n - 1];
        const fullMs = n === 1 ? 0 : 1000 * 2 ** (n - 2);
        assert.ok(decision?.kind === 'restart');
        assert.ok(decision.afterMs >= Math.floor(fullMs / 2) && decision.afterMs <= fullMs);
      },
    ),
  );
});

test('a healthy process resets the history, so that earlier failures no longer count', () => {
  let history: RestartHistory = NO_FAILURES;
  for (let incarnation = 0; incarnation < 5; incarnation++)
    history = afterIncarnation(SETTINGS, history, BAD, incarnation);
  history = afterIncarnation(SETTINGS, history, { ...BAD, batches: 100 }, 10);
  assert.deepEqual(history, NO_FAILURES);
});

test('a ready process ended from outside is not a failure; one that was never ready is', () => {
  const killed = { ...BAD, wasKilledFromOutside: true };
  assert.equal(afterIncarnation(SETTINGS, NO_FAILURES, killed, 0), NO_FAILURES);
  assert.equal(afterIncarnation(SETTINGS, NO_FAILURES, { ...killed, readyForMs: undefined }, 0).failures, 1);
});

test('too many failed processes within the window stop restarts, in a row or not', () => {
  const settings = { ...SETTINGS, maxFailures: 100 };
  let history: RestartHistory = NO_FAILURES;
  for (let incarnation = 0; incarnation < 11; incarnation++)
    history = afterIncarnation(settings, history, BAD, incarnation * 60_000);
  assert.equal(decideRestart(settings, history, 660_000, 0).kind, 'give up');
  assert.equal(decideRestart(settings, history, 660_000 + 1_800_000, 0).kind, 'restart');
});
