import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bears, reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import type { SimulatedBatch } from '../../simulate/backends/simulated-behaviour.ts';

const FAILING = 9;
const RUN_MS = 10;

/** Bisects a batch of eight with one failing request on `replicas` replicas, of which the first is idle. */
function bisected(replicas: number, failing: number) {
  const it = setUp(
    { replicas, batching: { maxBatchSize: 8 } },
    {
      serviceMs: () => RUN_MS,
      result: (batch: SimulatedBatch) =>
        bears(batch, FAILING) ? { kind: 'throw', message: 'no' } : { kind: 'answer' },
    },
  );
  for (let id = 0; id < 8; id++) it.submit(id, { mark: id === failing ? FAILING : 0 });
  it.clock.advance(2_000);
  const reasons = Array.from({ length: 8 }, (_, id) => reasonOf(it.outcomes.get(id)));
  assert.deepEqual(
    reasons,
    reasons.map((_, id) => (id === failing ? 'MODEL_ERROR' : 'ok')),
  );
  const runs = it.sent.filter(({ ids }) => ids.includes(failing));
  return { ...it, runs };
}

for (const replicas of [1, 2, 3]) {
  for (const failing of [0, 3, 7]) {
    test(`request ${failing} of eight is found on ${replicas} replicas in four runs, with both halves at once`, () => {
      const { sent, runs } = bisected(replicas, failing);
      assert.equal(runs.length, 4);
      assert.deepEqual(
        runs.map(({ rows }) => rows),
        [8, 4, 2, 1],
      );
      if (replicas === 1) return;
      // Both halves start together while a replica is free.
      const starts = new Set(sent.map(({ atMs }) => Math.round(atMs)));
      // With two replicas, a single request may have to wait for the one where it has not failed yet.
      assert.ok(
        starts.size <= (replicas === 2 ? 5 : 4),
        sent.map(({ atMs, rows, replica }) => `${atMs} ${rows} ${replica}`).join('; '),
      );
    });
  }
}
