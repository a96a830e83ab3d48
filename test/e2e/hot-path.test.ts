import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RequestCost } from '../support/hot-path-probe.ts';

const PROBE = fileURLToPath(new URL('../support/hot-path-probe.js', import.meta.url));

/** Beyond what a bare server of Node adds by itself. */
const MOST_LISTENERS = 1.05;
/** Those of a connection, which serves many requests. */
const MOST_LISTENERS_IN_LANE = 0.05;
const MOST_TIMERS = 0.05;
/** 200 to 500 are usual, 800 on a busy machine: decisions are kept, requests are not. A request that is kept costs 4000. */
const MOST_PROMOTED_BYTES = 1_600;
test('a request leaves few listeners, no timers and almost nothing in the old generation', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE], {
    timeout: 120_000,
  });
  const { bare, fastLane, ofNode } = JSON.parse(stdout) as Record<
    'bare' | 'fastLane' | 'ofNode',
    RequestCost
  >;
  const costs = JSON.stringify({ bare, fastLane, ofNode });
  assert.ok(ofNode.listeners - bare.listeners <= MOST_LISTENERS, costs);
  assert.ok(fastLane.listeners <= MOST_LISTENERS_IN_LANE, costs);
  for (const cost of [fastLane, ofNode]) {
    assert.ok(cost.timers - bare.timers <= MOST_TIMERS, costs);
    assert.ok(cost.promotedBytes <= MOST_PROMOTED_BYTES, costs);
  }
});
