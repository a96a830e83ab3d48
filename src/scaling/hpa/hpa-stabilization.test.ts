import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stabilizeBothWays, stabilizeDown } from './hpa-stabilization.ts';

const NOW = 1_000_000;
const WINDOW_MS = 300_000;
const REPLICAS = fc.integer({ min: 0, max: 50 });
const LOG = fc.array(
  fc.record({ at: fc.integer({ min: NOW - 2 * WINDOW_MS, max: NOW }), replicas: REPLICAS }),
);

test('an entry within the down window keeps its number', () => {
  fc.assert(
    fc.property(LOG, REPLICAS, (log, wanted) => {
      const inWindow = log.filter(({ at }) => at >= NOW - WINDOW_MS).map(({ replicas }) => replicas);
      assert.equal(stabilizeDown(WINDOW_MS, log, wanted, NOW).replicas, Math.max(wanted, ...inWindow));
    }),
  );
});

test('with behavior, no recommendation of the down window is undercut and none of the up window exceeded', () => {
  fc.assert(
    fc.property(LOG, REPLICAS, REPLICAS, (log, current, wanted) => {
      const windows = { upMs: 60_000, downMs: WINDOW_MS };
      const { replicas } = stabilizeBothWays(windows, log, { current, wanted }, NOW);
      const ups = log.filter(({ at }) => at > NOW - 60_000).map((each) => each.replicas);
      const downs = log.filter(({ at }) => at > NOW - WINDOW_MS).map((each) => each.replicas);
      if (replicas > current) assert.equal(replicas, Math.min(wanted, ...ups));
      if (replicas < current) assert.equal(replicas, Math.max(wanted, ...downs));
      if (replicas === current) {
        assert.ok(Math.min(wanted, ...ups) <= current && Math.max(wanted, ...downs) >= current);
      }
    }),
  );
});

test('the oldest instant belongs to the window only without behavior', () => {
  const log = [{ at: NOW - WINDOW_MS, replicas: 9 }];
  const windows = { upMs: 0, downMs: WINDOW_MS };
  assert.equal(stabilizeDown(WINDOW_MS, log, 2, NOW).replicas, 9);
  assert.equal(stabilizeBothWays(windows, log, { current: 9, wanted: 2 }, NOW).replicas, 2);
});

test('the log does not grow beyond its window', () => {
  let down: Parameters<typeof stabilizeDown>[1] = [];
  let both = down;
  for (let pass = 0; pass < 500; pass++) {
    const now = NOW + pass * 15_000;
    down = stabilizeDown(WINDOW_MS, down, pass, now).log;
    both = stabilizeBothWays({ upMs: 0, downMs: WINDOW_MS }, both, { current: 1, wanted: pass }, now).log;
  }
  assert.ok(down.length <= 22 && both.length <= 22, `${down.length}, ${both.length}`);
});
